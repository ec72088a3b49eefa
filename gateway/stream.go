package gateway

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"faas/api"
	"faas/function"
	"faas/gateway/live"
	"faas/gateway/session"
)

// pageWriteTimeout bounds how long a page may take for one event before its stream is broken off.
const pageWriteTimeout = 10 * time.Second

// openLive makes what the portal's pages watch.
func (g *Gateway) openLive() (err error) {
	o := live.Options{
		Hello: g.hello, Functions: g.liveFunctions, Alone: g.routes.alone, Detail: g.detail, ControlLoop: g.opts.ControlLoop,
		Decisions: g.opts.FollowDecisions, Log: g.log, Registerer: g.opts.Registry,
	}
	if g.prometheus != nil {
		o.Rates = live.Prometheus{Client: g.prometheus}
	}
	if g.opts.AlertReader != nil {
		o.Alerts = alertView{g.opts.AlertReader, g.routes}
	}
	g.live, err = live.New(o)
	return err
}

// streamPortal serves GET /system/portal/stream.
func (g *Gateway) streamPortal(w http.ResponseWriter, r *http.Request) error {
	name := r.URL.Query().Get("function")
	if name != "" {
		name = function.TrimNamespace(name)
		if err := function.ValidateName(name); err != nil {
			return err
		}
		if known, err := g.routes.find(name); err == nil {
			name = known.name // it may have been called by its alias
		}
	}
	ctx, cancel := g.untilDrained(r.Context())
	defer cancel()
	out := pageStream{w: w, rc: http.NewResponseController(w)}
	if r.Method == http.MethodHead {
		out.begin()
		return nil
	}
	watcher, err := g.live.Join(ctx, name)
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	defer watcher.Leave()
	out.begin()
	defer out.end()
	g.follow(ctx, r, watcher, out)
	return nil
}

// follow writes what a watcher gets until the page or the gateway goes, or the session is to be renewed.
func (g *Gateway) follow(ctx context.Context, r *http.Request, watcher *live.Watcher, out pageStream) {
	renew, stop := sessionDue(ctx)
	defer stop()
	bye := []byte("event: bye\ndata: {}\n\n")
	for {
		select {
		case frame, ok := <-watcher.Frames():
			if !ok || !out.write(frame) {
				return // it does not read, or left
			}
		case <-ctx.Done():
			if r.Context().Err() == nil {
				out.write(bye)
			}
			return
		case <-renew: // the page comes back, and gets a new cookie with that
			out.write(bye)
			return
		}
	}
}

// sessionDue returns a channel that tells when the session of a request should be renewed, or ends. Without one, never.
func sessionDue(ctx context.Context) (<-chan time.Time, func()) {
	s, ok := ctx.Value(sessionKey{}).(session.Session)
	if !ok {
		return nil, func() {}
	}
	timer := time.NewTimer(time.Until(s.Due()))
	return timer.C, func() { timer.Stop() }
}

// pageStream writes events to a page. The server's own time-outs are for answers that have an end: here each write has a
// deadline instead.
type pageStream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func (s *pageStream) begin() {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies are to pass events on at once
}

// write reports whether the page is still there.
func (s *pageStream) write(frame []byte) bool {
	_ = s.rc.SetWriteDeadline(time.Now().Add(pageWriteTimeout)) // not every writer has deadlines
	if _, err := s.w.Write(frame); err != nil {
		return false
	}
	return s.rc.Flush() == nil
}

// end leaves no deadline to what comes next on the connection.
func (s *pageStream) end() { _ = s.rc.SetWriteDeadline(time.Time{}) } // the connection may be gone

// hello says what there is.
func (g *Gateway) hello(now time.Time) api.PortalHello {
	o := g.opts
	return api.PortalHello{
		Version: o.Info.Release, Commit: o.Info.SHA, Backend: o.Info.Backend, Orchestration: o.Info.Orchestration,
		Started: g.started.UTC(), Now: now.UnixMilli(), PrometheusURL: o.Links.Prometheus, AlertmanagerURL: o.Links.Alertmanager,
		Queue: o.Queue != nil, Secrets: o.Secrets != nil, Logs: o.Logs != nil, Freeze: o.Freezer != nil,
		Preview: o.Preview != nil && g.prometheus != nil,
	}
}

// liveFunctions is what this gateway knows of its functions.
func (g *Gateway) liveFunctions(now time.Time) []live.Function {
	frozen := map[string]api.FrozenFunction{}
	if g.opts.Freezer != nil {
		for _, f := range g.opts.Freezer.Frozen() {
			if _, longer := frozen[f.Function]; !longer {
				frozen[f.Function] = api.FrozenFunction(f)
			}
		}
	}
	routes := g.routes.sorted()
	list := make([]live.Function, len(routes))
	for i, r := range routes {
		_, integral := r.series.load.read(now)
		list[i] = live.Function{
			Status: r.status.Load(), Held: r.gate.Held(), Invocations: r.series.finished.Load(),
			Arrivals: r.series.arrivals.Load(), InFlightSeconds: integral, Frozen: frozen[r.name],
		}
	}
	return list
}

// detail is all about one function.
func (g *Gateway) detail(ctx context.Context, name string, now time.Time) api.PortalFunction {
	out := api.PortalFunction{Now: now.UnixMilli(), Name: name, Replicas: []api.PortalReplica{}}
	r := g.routes.lookup(name)
	if r == nil {
		return out
	}
	s := *r.status.Load()
	status, scaling := g.present(s), g.scalingOf(ctx, s)
	out.Exists, out.Status, out.Scaling = true, &status, &scaling
	inFlight := r.balancer.Inflight()
	for _, one := range s.Replicas {
		out.Replicas = append(out.Replicas, api.PortalReplica{
			ID: one.ID, Address: one.Addr, Node: one.Node, State: string(one.State), StartedAt: one.StartedAt, InFlight: inFlight[one.ID],
		})
	}
	return out
}
