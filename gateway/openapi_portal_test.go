//go:build !fuzz

package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"faas/api"
	"faas/function"
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

// walkPages asks for what the portal's pages show.
func walkPages(t *testing.T, spec *apitest.Spec) {
	var failure error
	g := startWalk(t, spec, func(o *Options) {
		o.Prometheus = []string{recordedServer(t)}
		o.Preview = func(context.Context, PreviewTask) (api.PortalPreview, error) {
			outcome := api.PreviewOutcome{Desired: []int{1}, Ready: []int{1}}
			return api.PortalPreview{Times: []int64{1}, Arrivals: []api.Number{1}, Before: outcome, After: outcome}, failure
		}
		o.Decisions = func(string, int) []api.ScaleEvent { return nil }
	}, status("echo"))
	none := startWalk(t, spec, nil, status("echo"))
	g.stream(t, spec)
	g.try(t, 400, "GET /system/portal/stream?function=a/b", "")
	for range 200 {
		w, err := g.live.Join(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer w.Leave()
	}
	g.try(t, 503, "GET /system/portal/stream", "")
	g.try(t, 200, "GET /system/portal/history/echo?seconds=60", "")
	g.try(t, 400, "GET /system/portal/history/echo?seconds=59", "")
	g.try(t, 404, "GET /system/portal/history/ghost", "")
	none.try(t, 503, "GET /system/portal/history/echo", "")
	const preview = "POST /system/portal/preview/echo"
	g.try(t, 200, preview, `{"seconds":60,"scaling":{"target":20}}`)
	g.try(t, 200, preview, `{}`)
	g.try(t, 400, preview, `{"scaling":{"target":"much"}}`)
	g.try(t, 404, "POST /system/portal/preview/ghost", `{}`)
	g.try(t, 413, preview, `{"scaling":"`+strings.Repeat("x", 1<<20)+`"}`)
	none.try(t, 501, preview, `{}`)
	for status, err := range map[int]error{
		500: errors.New("what nobody should read"), 503: function.Unavailablef("there is no load to play"), 504: context.DeadlineExceeded,
	} {
		failure = err
		g.try(t, status, preview, `{}`)
	}
	g.previews <- struct{}{} // one is under way
	g.try(t, 429, preview, `{}`)
}

// stream reads the first events, and holds them to the description.
func (w *walk) stream(t *testing.T, spec *apitest.Spec) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/system/portal/stream?function=echo", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	buf := make([]byte, 8<<10)
	n, err := res.Body.Read(buf)
	if err != nil || !strings.HasPrefix(string(buf[:n]), "event: hello\ndata: {") {
		t.Errorf("%.100q, %v", buf[:n], err)
	}
	if err := spec.Check(apitest.Exchange{Request: req, Response: res, Got: buf[:n]}); err != nil {
		t.Error(err)
	}
	w.try(t, 200, "HEAD /system/portal/stream", "")
}
