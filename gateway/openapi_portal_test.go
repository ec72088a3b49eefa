//go:build !fuzz

package gateway

import (
	"strings"
	"testing"

	"faas/internal/apitest"
)

// walkPortal asks for what the portal needs.
func walkPortal(t *testing.T, spec *apitest.Spec) {
	g := startWalk(t, spec, withPortal, status("echo"))
	g.try(t, 200, "GET /ui/", "")
	g.try(t, 405, "POST /ui/", "")
	g.try(t, 307, "GET /", "", "Accept", "text/html")
	g.try(t, 307, "HEAD /", "", "Accept", "text/html")
	g.try(t, 401, "GET /ui/session", "")
	g.try(t, 204, "POST /ui/session", login)
	g.try(t, 200, "GET /ui/session", "", "Cookie", g.signedIn(t))
	g.try(t, 204, "DELETE /ui/session", "")
	g.try(t, 400, "POST /ui/session", "{")
	g.try(t, 413, "POST /ui/session", `{"user":"`+strings.Repeat("x", 1<<20)+`"}`)
	g.try(t, 405, "PUT /ui/session", "")
	for _, method := range []string{"GET", "POST", "DELETE"} {
		g.try(t, 403, method+" /ui/session", login, "Sec-Fetch-Site", "cross-site")
	}
	for range 5 {
		g.try(t, 401, "POST /ui/session", `{"user":"admin","password":"guess"}`)
	}
	g.try(t, 429, "POST /ui/session", login)
}
