package swarmtest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	api "github.com/docker/docker/api/types/swarm"
)

type taskKey struct{}

// TaskOf says which task a request reached, in a Behaviour's Handler.
func TaskOf(r *http.Request) TaskInfo {
	info, _ := r.Context().Value(taskKey{}).(TaskInfo)
	return info
}

// pipes is the way into the containers: one server in this process stands for all of them.
type pipes struct {
	engine *Engine
	next   chan net.Conn
	gone   chan struct{} // closed when nobody is served any more

	mu   sync.Mutex
	open map[*task]map[*pipe]struct{}
}

func newPipes(e *Engine) *pipes {
	return &pipes{engine: e, next: make(chan net.Conn), gone: make(chan struct{}), open: map[*task]map[*pipe]struct{}{}}
}

// pipe is the container's end of a connection.
type pipe struct {
	net.Conn
	task *task
	all  *pipes
}

// Close implements net.Conn.
func (p *pipe) Close() error {
	p.all.mu.Lock()
	delete(p.all.open[p.task], p)
	p.all.mu.Unlock()
	return p.Conn.Close()
}

func (p *pipes) add(conn net.Conn, t *task) *pipe {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := &pipe{Conn: conn, task: t, all: p}
	if p.open[t] == nil {
		p.open[t] = map[*pipe]struct{}{}
	}
	p.open[t][one] = struct{}{}
	return one
}

// cut breaks the connections to a container that is gone.
func (p *pipes) cut(t *task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for one := range p.open[t] {
		_ = one.Conn.Close() // its end is what is wanted
	}
	delete(p.open, t)
}

// Dial connects to what listens at an address of a task: any port of it. It is what a backend's or a gateway's Dial is for tests.
// Nobody has the address: "no route to host". No container runs yet: "connection refused".
func (e *Engine) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s: %w", addr, err)}
	}
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return fail(err)
	}
	e.mu.Lock()
	t := e.addresses[at.Addr()]
	if t == nil || e.lost(t) {
		e.mu.Unlock()
		return fail(syscall.EHOSTUNREACH)
	}
	if t.Status.State != api.TaskStateRunning {
		e.early++
		e.mu.Unlock()
		return fail(syscall.ECONNREFUSED)
	}
	client, server := net.Pipe()
	p := e.pipes.add(server, t)
	e.mu.Unlock()
	select {
	case e.pipes.next <- p:
		return client, nil
	case <-e.pipes.gone:
		err = net.ErrClosed
	case <-ctx.Done():
		err = ctx.Err()
	}
	_ = p.Close() // nobody has used it
	return fail(err)
}

// EarlyDials returns how often somebody dialled the address of a task that was not yet, or no longer, running.
func (e *Engine) EarlyDials() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.early
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.next:
		return conn, nil
	case <-p.gone:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. The one who serves closes gone.
func (p *pipes) Close() error { return nil }

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "swarmtest", Net: "pipe"} }

// serve answers in the place of all containers until ctx ends.
func (p *pipes) serve(ctx context.Context) {
	var calls visits
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, taskKey{}, conn.(*pipe).task)
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !calls.begin() {
				panic(http.ErrAbortHandler) // the containers are gone
			}
			defer calls.done()
			p.engine.serveReplica(w, r)
		}),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(p) // it says that it was closed
	}()
	<-ctx.Done()
	close(p.gone)
	_ = server.Close() // connections break with their containers
	<-ended
	calls.end()
}

// serveReplica answers a request to a container.
func (e *Engine) serveReplica(w http.ResponseWriter, r *http.Request) {
	t := r.Context().Value(taskKey{}).(*task)
	e.mu.Lock()
	b := e.behaviourOf(t)
	info := TaskInfo{ID: t.ID, Slot: t.Slot}
	if s := e.services[t.ServiceID]; s != nil {
		info.Service = s.Spec.Name
	}
	if n := e.node(t.NodeID); n != nil {
		info.Node = n.Description.Hostname
	}
	ready := !t.startedAt.IsZero() && time.Since(t.startedAt) >= b.ReadyAfter
	e.mu.Unlock()
	r = r.WithContext(context.WithValue(r.Context(), taskKey{}, info))
	switch {
	case r.URL.Path == "/_/health" && (b.Handler == nil || b.ReadyAfter > 0):
		w.Header().Set("X-Watchdog", "faas") // as the watchdog: it knows /_/ready
	case r.URL.Path == "/_/ready" && !ready:
		http.Error(w, "not ready", http.StatusServiceUnavailable)
	case b.Handler != nil:
		b.Handler.ServeHTTP(w, r)
	case r.URL.Path == "/_/ready":
		w.WriteHeader(http.StatusOK)
	default:
		_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/1 always can
		_, _ = io.Copy(w, r.Body)                            // a client that is gone
	}
}

// Kill ends the container of a task as SIGKILL does. The ID may be the task's own or any text that has it in it, such as a replica's ID.
func (e *Engine) Kill(task string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.taskIn(task)
	if t == nil || t.Status.State != api.TaskStateRunning {
		return notFound("running task", task)
	}
	e.exit(t, 137)
	return nil
}
