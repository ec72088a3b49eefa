package gateway

import (
	"context"
	"net/http"
	"runtime"

	"faas/api"
	"faas/internal/httperr"
)

// Info names the parts for GET /system/info.
type Info struct {
	// Backend is the name of the backend, such as local; Orchestration what it drives.
	Backend, Orchestration string
	// Release and SHA are this build's.
	Release, SHA string
}

// showInfo serves GET /system/info. No field is empty: stock clients print them all.
func (g *Gateway) showInfo(w http.ResponseWriter, _ *http.Request) error {
	known := func(s string) string {
		if s == "" {
			return "unknown"
		}
		return s
	}
	in := g.opts.Info
	version := api.Version{Release: known(in.Release), SHA: known(in.SHA)}
	return writeJSON(w, http.StatusOK, api.Info{
		Provider: api.Provider{Provider: known(in.Backend), Orchestration: known(in.Orchestration), Version: version},
		Version:  version,
		Arch:     arch(runtime.GOARCH),
	})
}

// arch turns Go's name of an architecture into the one that OpenFaaS's gateways show.
func arch(goarch string) string {
	switch goarch {
	case "amd64":
		return "x86_64"
	case "arm":
		return "armhf"
	}
	return goarch
}

// refuseMethod says which methods there are.
func refuseMethod(w http.ResponseWriter, r *http.Request, allow string) {
	w.Header().Set("Allow", allow)
	httperr.Refuse(w, http.StatusMethodNotAllowed, r.Method+" is not for "+r.URL.Path+": use "+allow)
}

// health is the answer of GET /healthz.
type health struct {
	// Status is starting, ok or draining.
	Status string `json:"status"`
	// Reason says why it is still starting.
	Reason string `json:"reason,omitempty"`
	// ControlLoop is alive, or says that the first alert since the start is waited for, or since when none has come.
	// Requests are served all the same, so it does not make the gateway unhealthy.
	ControlLoop string `json:"control_loop"`
}

// showHealth serves GET /healthz: 200 while requests are taken, 503 once the gateway drains, and until it has known the
// functions once. A gateway that knew them serves them as it knew them last when the backend is away: no other would do
// better in its place.
func (g *Gateway) showHealth(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		refuseMethod(w, r, "GET, HEAD")
		return nil
	}
	h, status := health{Status: "ok", ControlLoop: "alive"}, http.StatusOK
	if err := g.opts.ControlLoop(); err != nil {
		h.ControlLoop = err.Error()
	} else if g.opts.AwaitsLoop() {
		h.ControlLoop = "waiting for the first alert"
	}
	switch {
	case g.draining.Err() != nil:
		h.Status, status = "draining", http.StatusServiceUnavailable
	case !g.routes.isLoaded():
		h.Status, h.Reason, status = "starting", g.unloaded(r.Context()), http.StatusServiceUnavailable
	}
	return writeJSON(w, status, h)
}

// unloaded says why the functions are not known yet.
func (g *Gateway) unloaded(ctx context.Context) string {
	if _, err := g.opts.Backend.Functions(ctx); err != nil {
		return err.Error()
	}
	return errNotLoaded().Error() // they are about to be
}
