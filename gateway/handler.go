package gateway

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/julienschmidt/httprouter"

	"faas/function"
	"faas/internal/httperr"
)

// The prefix under which functions are invoked by path, and the header that names one at POST /.
const (
	invokePrefix   = "/function/"
	functionHeader = "X-Function"
)

// handler is the whole API. Invocations are told apart before the router and by the path as it stands
// in the request line: httprouter cleans paths, redirects and answers 405 by method, and all of that is
// a function's own affair.
func (g *Gateway) handler() http.Handler {
	router := g.router()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, path, ok := splitInvocation(r.URL, invokePrefix); ok {
			g.invoke(w, r, name, path)
			return
		}
		if name, path, ok := splitInvocation(r.URL, asyncPrefix); ok {
			g.enqueue(w, r, name, path)
			return
		}
		if r.Method == http.MethodPost && r.URL.Path == "/" {
			g.invokeByHeader(w, r)
			return
		}
		router.ServeHTTP(w, r)
	})
}

func (g *Gateway) router() http.Handler {
	system := httprouter.New()
	system.RedirectTrailingSlash, system.RedirectFixedPath = false, false
	system.NotFound = g.handle(func(_ http.ResponseWriter, r *http.Request) error {
		return function.NotFoundf("no such page: %s", r.URL.Path)
	})
	system.MethodNotAllowed = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuseMethod(w, r, w.Header().Get("Allow")) // the router has set it
	})
	for _, e := range g.systemEndpoints() {
		system.Handler(e.method, e.path, e.handler)
		if e.method == http.MethodGet {
			system.Handler(http.MethodHead, e.path, e.handler)
		}
	}

	// What is not named here is closed as well: a page forgotten is a page shut.
	closed := g.closed(system)
	if g.opts.Credentials == nil {
		closed = byAddress(closed)
	}
	closed = sameOrigin(closed)
	portal := g.portal()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/healthz":
			g.handle(g.showHealth).ServeHTTP(w, r)
		case r.URL.Path == "/":
			g.handle(g.showWelcome).ServeHTTP(w, r)
		case portal != nil && inPortal(r.URL.Path):
			portal.ServeHTTP(w, r)
		default:
			closed.ServeHTTP(w, r)
		}
	})
}

// endpoint is one route under /system. HEAD is answered wherever GET is.
type endpoint struct {
	method, path string
	handler      http.Handler
}

// systemEndpoints are the routes under /system, but for those whose part is not there. docs/openapi.yaml describes each.
func (g *Gateway) systemEndpoints() []endpoint {
	var all []endpoint
	add := func(method, path string, h func(http.ResponseWriter, *http.Request) error) {
		all = append(all, endpoint{method, path, g.handle(h)})
	}
	add("GET", "/system/functions", g.listFunctions)
	add("POST", "/system/functions", g.deployFunction)
	add("PUT", "/system/functions", g.updateFunction)
	add("DELETE", "/system/functions", g.removeFunction)
	add("GET", "/system/function/:name", g.describeFunction)
	add("POST", "/system/scale-function/:name", g.scaleFunction)
	add("GET", "/system/scale/frozen", g.listFrozen)
	add("GET", "/system/functions/:name/scaling", g.explainScaling)
	if g.opts.Tuner != nil {
		add("PATCH", "/system/functions/:name/scaling", g.tuneScaling)
	}
	add("PUT", "/system/functions/:name/freeze", g.freezeFunction)
	add("DELETE", "/system/functions/:name/freeze", g.unfreezeFunction)
	add("GET", "/system/namespaces", g.listNamespaces)
	add("POST", "/system/namespaces", g.refuseNamespace)
	add("POST", "/system/namespace/", g.refuseNamespace)
	add("GET", "/system/namespace/:name", g.describeNamespace)
	add("POST", "/system/namespace/:name", g.refuseNamespace)
	add("PUT", "/system/namespace/:name", g.refuseNamespace)
	add("DELETE", "/system/namespace/:name", g.refuseNamespace)
	add("GET", "/system/info", g.showInfo)
	add("GET", "/system/portal/stream", g.streamPortal)
	add("GET", "/system/portal/history/:name", g.showHistory)
	add("POST", "/system/portal/preview/:name", g.previewScaling)
	if g.opts.Secrets != nil {
		add("GET", "/system/secrets", g.listSecrets)
		add("POST", "/system/secrets", g.createSecret)
		add("PUT", "/system/secrets", g.updateSecret)
		add("DELETE", "/system/secrets", g.removeSecret)
	}
	if g.opts.Logs != nil {
		add("GET", "/system/logs", g.showLogs)
	}
	if len(g.opts.OpenAPI) > 0 {
		add("GET", "/system/openapi.yaml", g.showOpenAPI)
	}
	if g.opts.Alerts != nil {
		all = append(all, endpoint{"POST", "/system/alert", g.relay.Handler(g.opts.Alerts)})
	}
	if g.opts.DeadLetters != nil {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			all = append(all, endpoint{method, "/system/dead-letters", g.opts.DeadLetters})
		}
	}
	if g.opts.ScaleEvents != nil {
		all = append(all, endpoint{"GET", "/system/scale/events", g.untilDrain(g.opts.ScaleEvents)})
	}
	return all
}

// untilDrain ends the requests to next, which may be streams without end, when the gateway drains.
func (g *Gateway) untilDrain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := g.untilDrained(r.Context())
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// untilDrained returns a context that ends when the gateway drains.
func (g *Gateway) untilDrained(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(g.draining, cancel)
	return ctx, func() { stop(); cancel() }
}

// handle answers for what h returns, in one place: the client gets the kind of error and its message,
// the log the whole of it.
func (g *Gateway) handle(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		httperr.Write(w, err)
		if httperr.Status(err) >= http.StatusInternalServerError {
			g.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		}
	})
}

// splitInvocation takes prefix + NAME[.NS][/path] apart. path is escaped as it came and starts with a
// slash.
func splitInvocation(u *url.URL, prefix string) (name, path string, ok bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), prefix)
	if !ok {
		return "", "", false
	}
	name, path, _ = strings.Cut(rest, "/")
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	return function.TrimNamespace(name), "/" + path, true
}
