package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"faas/function"
	"faas/internal/httperr"
)

// replicasPath is where the metrics of one replica are, by its function and its ID.
const replicasPath = "/metrics/replicas/"

// The bounds of one scrape of a replica. Prometheus gives up after 10 s where it is told nothing else.
const (
	scrapeTimeout = 5 * time.Second
	maxScrape     = 4 << 20 // bytes
)

// metricsHandler serves the metrics port: the gateway's own metrics, and those of the replicas, which are on a network
// that Prometheus does not reach.
func (g *Gateway) metricsHandler() http.Handler {
	mux := http.NewServeMux()
	for _, e := range g.metricsEndpoints() {
		mux.Handle(e.method+" "+e.path, e.handler)
	}
	return g.guard.Handler(mux)
}

// metricsEndpoints are the routes of the metrics port. docs/openapi.yaml describes each.
func (g *Gateway) metricsEndpoints() []endpoint {
	families := func(families []family) *exposition { return newExposition(g.routes, g.opts.QueueDepth, families) }
	all := families(allFamilies())
	all.others = g.opts.Registry
	scaling := families(scalingFamilies())
	scaling.brief = true
	return []endpoint{
		{"GET", "/metrics", g.handle(all.serve)},
		{"GET", "/metrics/scaling", g.handle(scaling.serve)},
		{"GET", "/sd/replicas", g.handle(g.listTargets)},
		{"GET", replicasPath + "{function}/{id...}", g.handle(g.scrapeReplica)},
	}
}

// targetGroup is one entry of Prometheus's HTTP service discovery.
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// signalUsage asks for replicas of functions alone whose rules need their processor time or memory.
const signalUsage = "usage"

// listTargets serves GET /sd/replicas: for each replica whose metrics can be had, this port by the name that the
// caller has for it, and the path. With ?signal=usage it names only those that scaling rules read.
func (g *Gateway) listTargets(w http.ResponseWriter, r *http.Request) error {
	signal := r.URL.Query().Get("signal")
	if signal != "" && signal != signalUsage {
		return function.Invalidf("signal %.80q: use %s, or leave it out for all replicas", signal, signalUsage)
	}
	groups := []targetGroup{}
	for _, route := range g.routes.sorted() {
		status := route.status.Load()
		if signal == signalUsage && !scalesByUsage(status.Scaling) {
			continue
		}
		for _, replica := range status.Replicas {
			if !scrapable(replica) {
				continue
			}
			groups = append(groups, targetGroup{
				Targets: []string{r.Host},
				Labels: map[string]string{
					"__metrics_path__": replicasPath + route.name + "/" + replica.ID,
					"function_name":    route.name, "replica": replica.ID, "node": replica.Node,
				},
			})
		}
	}
	return writeJSON(w, http.StatusOK, groups)
}

// scalesByUsage reports whether a signal comes from the replicas' own metrics.
func scalesByUsage(s function.Scaling) bool {
	_, cpu := s.Target(function.ScalingCPU)
	_, memory := s.Target(function.ScalingMemory)
	return cpu || memory
}

// scrapable reports whether r runs and has metrics.
func scrapable(r function.Replica) bool {
	return r.MetricsAddr != "" && (r.State == function.ReplicaReady || r.State == function.ReplicaDraining)
}

// scrapeReplica serves GET /metrics/replicas/FUNCTION/ID.
func (g *Gateway) scrapeReplica(w http.ResponseWriter, r *http.Request) error {
	name, id := r.PathValue("function"), r.PathValue("id")
	addr, ok := g.metricsAddr(name, id)
	if !ok {
		return function.NotFoundf("function %.80q has no replica %.80q with metrics", name, id)
	}
	want := http.Header{}
	for _, name := range []string{"Accept", "Accept-Encoding"} {
		want.Set(name, strings.Join(r.Header.Values(name), ", "))
	}
	header, body, err := g.scrape(r.Context(), addr, want)
	if err != nil {
		httperr.Refuse(w, http.StatusBadGateway, fmt.Sprintf("metrics of replica %s: %v", id, err))
		return nil
	}
	if v := header.Get("Content-Encoding"); v != "" {
		w.Header().Set("Content-Encoding", v)
	}
	w.Header().Set("Content-Type", metricsType(header.Get("Content-Type")))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body) // never as a page; and a client that left is no news
	return nil
}

// metricsType is the type of an answer that a function's image may have made: one of metrics, so that it is no page.
func metricsType(given string) string {
	for _, known := range []string{"text/plain", "application/openmetrics-text", "application/vnd.google.protobuf"} {
		if strings.HasPrefix(given, known) {
			return given
		}
	}
	return "text/plain; version=0.0.4"
}

func (g *Gateway) metricsAddr(name, id string) (addr string, ok bool) {
	route := g.routes.lookup(name)
	if route == nil {
		return "", false
	}
	for _, replica := range route.status.Load().Replicas {
		if replica.ID == id && scrapable(replica) {
			return replica.MetricsAddr, true
		}
	}
	return "", false
}

// scrape reads a replica's metrics, encoded as want says.
func (g *Gateway) scrape(ctx context.Context, addr string, want http.Header) (http.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", http.NoBody)
	if err != nil {
		return nil, nil, err
	}
	req.Header = want
	res, err := g.scrapes.Do(req)
	if err != nil {
		return nil, nil, errors.Unwrap(err) // without the URL, which says no more than the ID
	}
	defer func() { _ = res.Body.Close() }() // only read
	if res.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("it answers %s", res.Status)
	}
	var body bytes.Buffer
	n, err := io.Copy(&body, io.LimitReader(res.Body, maxScrape+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("read: %w", err)
	case n > maxScrape:
		return nil, nil, fmt.Errorf("more than %d bytes", maxScrape)
	}
	return res.Header, body.Bytes(), nil
}

// newScrapeClient makes the client for replicas' metrics. It keeps no connection: a scrape is rare, and there may be
// thousands of replicas.
func newScrapeClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true, ResponseHeaderTimeout: scrapeTimeout},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// newAskClient makes what Prometheus is asked with, which people wait for, and some of them each second.
func newAskClient() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second}}
}
