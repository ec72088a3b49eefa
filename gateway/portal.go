package gateway

import (
	"fmt"
	"net/http"
	"strings"

	"faas/gateway/session"
	"faas/gateway/site"
)

// sessionPath is where the portal signs in and out.
const sessionPath = site.Prefix + "session"

// openPortal makes what serves the portal, where there is one.
func (g *Gateway) openPortal() (err error) {
	if g.opts.Portal == nil {
		return nil
	}
	if g.site, err = site.New(g.opts.Portal); err != nil {
		return err
	}
	if c := g.opts.Credentials; c != nil {
		if g.sessions, err = session.New(c.User, c.Password); err != nil {
			return fmt.Errorf("open the portal: %w", err)
		}
	}
	return nil
}

// inPortal reports whether a path is the portal's.
func inPortal(path string) bool {
	return strings.HasPrefix(path, site.Prefix) || path == strings.TrimSuffix(site.Prefix, "/")
}

// portal serves the paths that inPortal has. Its files say nothing of what runs here, so they need no credentials. Nil:
// there is no portal.
func (g *Gateway) portal() http.Handler {
	if g.site == nil {
		return nil
	}
	sessions := g.handle(g.serveSession)
	if g.opts.Credentials == nil {
		sessions = byAddress(sessions)
	}
	sessions = sameOrigin(sessions)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == sessionPath:
			sessions.ServeHTTP(w, r)
		case !strings.HasPrefix(r.URL.Path, site.Prefix):
			toPortal(w)
		default:
			g.site.ServeHTTP(w, r)
		}
	})
}

// toPortal sends a browser to the portal.
func toPortal(w http.ResponseWriter) {
	w.Header().Set("Location", site.Prefix)
	w.WriteHeader(http.StatusTemporaryRedirect)
}
