//go:build !fuzz

package gateway

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faas/function"
	"faas/gateway/session"
	"faas/internal/http1"
)

const (
	chrome  = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	forHTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
)

// TestPagesOfFunctions checks what a browser may do with what a function serves.
func TestPagesOfFunctions(t *testing.T) {
	serve := replica(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "img-src 'none'")
		_, _ = w.Write([]byte("<script>fetch('/system/functions')</script>"))
	})
	trusted := status("trusted", serve)
	trusted.Annotations = map[string]string{function.AnnotationPages: "trusted"}
	b := newFakeBackend(status("page", serve), trusted)
	with, open, without := start(t, b, withPortal), start(t, b, func(o *Options) { o.Portal = portalFiles }), start(t, b, withLogin)
	dest := func(d string) []string { return []string{"Sec-Fetch-Dest", d, "User-Agent", chrome, "Accept", forHTML} }
	for _, tt := range []struct {
		name   string
		on     *running
		path   string
		header []string
		status int
		sealed bool
	}{
		{"a window", with, "/function/page", dest("document"), 200, true},
		{"a frame", with, "/function/page/x", dest("iframe"), 200, true},
		{"a frame, old", with, "/function/page", dest("frame"), 200, true},
		{"embedded", with, "/function/page", dest("embed"), 200, true},
		{"an object", with, "/function/page", dest("object"), 200, true},
		{"whatever comes in ten years", with, "/function/page", dest("hologram"), 200, true},
		{"a window of a gateway without credentials", open, "/function/page", dest("document"), 200, true},
		{"a window over plain HTTP", with, "/function/page", []string{"User-Agent", chrome, "Accept", forHTML}, 200, true},
		{"a browser over plain HTTP", with, "/function/page", []string{"User-Agent", chrome, "Accept", "*/*"}, 200, true},
		{"no browser that it knows", with, "/function/page", []string{"User-Agent", "lynx", "Accept", forHTML}, 200, true},
		{"fetch, which fills the cache", with, "/function/page", dest("empty"), 200, true},
		{"fetch of a browser that has it", with, "/function/page", append(dest("empty"), "If-None-Match", `"x"`), 200, true},
		{"an image, which does too", with, "/function/page", dest("image"), 200, true},
		{"a script in disguise", with, "/function/page", []string{"User-Agent", "curl/8", "Accept", "*/*", "Origin", "null"}, 200, true},
		{"fetch of what is trusted", with, "/function/trusted", dest("empty"), 200, false},
		{"curl", with, "/function/page", []string{"User-Agent", "curl/8", "Accept", "*/*"}, 200, false},
		{"nothing said", with, "/function/page", []string{"User-Agent", ""}, 200, false},
		{"a service worker", with, "/function/page/sw.js", []string{"Sec-Fetch-Dest", "serviceworker"}, 403, false},
		{"a service worker, old", with, "/function/page/sw.js", []string{"Service-Worker", "script"}, 403, false},
		{"a shared worker", open, "/function/page/sw.js", []string{"Sec-Fetch-Dest", "sharedworker"}, 403, false},
		{"a script of the portal's page", with, "/function/page/x.js", []string{"Sec-Fetch-Dest", "script", "Sec-Fetch-Site", "same-origin"}, 403, false},
		{"a script of a sealed page", with, "/function/page/x.js", []string{"Sec-Fetch-Dest", "script", "Sec-Fetch-Site", "cross-site"}, 200, true},
		{"a script of a trusted page", with, "/function/trusted/x.js", []string{"Sec-Fetch-Dest", "script", "Sec-Fetch-Site", "same-origin"}, 200, false},
		{"trusted", with, "/function/trusted", dest("document"), 200, false},
		{"trusted worker", with, "/function/trusted", dest("serviceworker"), 200, false},
		{"no portal", without, "/function/page", dest("document"), 200, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, text := tt.on.do(t, "GET", tt.path, "", tt.header...)
			wantStatus(t, res, text, tt.status)
			policies := res.Header.Values("Content-Security-Policy")
			if slices.Contains(policies, sandbox) != tt.sealed {
				t.Errorf("policies are %q", policies)
			}
			if tt.status == 200 && !slices.Contains(policies, "img-src 'none'") {
				t.Errorf("the function's own policy is lost: %q", policies)
			}
		})
	}
	res, text := with.do(t, "POST", "/", "", "X-Function", "page", "Sec-Fetch-Dest", "document")
	wantStatus(t, res, text, 200)
	if !slices.Contains(res.Header.Values("Content-Security-Policy"), sandbox) {
		t.Error("by header, it is not sealed")
	}
	if strings.Contains(sandbox, "same-origin") || strings.Contains(sandbox, "top-navigation") {
		t.Error("the sandbox is open")
	}
}

// TestSealedScripts sends what a script of a sealed page can: its origin is opaque, and that of another site to all browsers.
func TestSealedScripts(t *testing.T) {
	with := start(t, newFakeBackend(status("a")), withPortal)
	open := start(t, newFakeBackend(status("a")), func(o *Options) { o.Portal = portalFiles })
	cookie := with.signedIn(t) // browsers send it nowhere from there, being SameSite=Strict; here it is, and helps nothing
	for name, header := range map[string][]string{
		"over TLS":   {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Origin", "null"},
		"an image":   {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
		"plain HTTP": {"Origin", "null"},
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
			if name == "an image" && method != "GET" {
				continue
			}
			for _, path := range []string{"/system/functions", "/ui/session"} {
				for at, g := range map[string]*running{"closed": with, "open": open} {
					res, text := g.do(t, method, path, login, append([]string{"Cookie", cookie}, header...)...)
					if res.StatusCode != http.StatusForbidden || res.Header.Get("Access-Control-Allow-Origin") != "" || len(res.Cookies()) > 0 {
						t.Errorf("%s, %s: %s %s: %d %s", name, at, method, path, res.StatusCode, text)
					}
				}
			}
		}
	}
	own := []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Origin", with.url, "Cookie", cookie}
	res, text := with.do(t, "POST", "/system/scale-function/a", `{"replicas":1}`, own...)
	wantStatus(t, res, text, 202)
	link := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	res, text = with.do(t, "GET", "/ui/", "", link...)
	wantStatus(t, res, text, 200)
}

// TestSessionIsHidden checks that no function sees the cookie, and none sets it.
func TestSessionIsHidden(t *testing.T) {
	got := make(chan []string, 1)
	b := newFakeBackend(status("a", replica(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", session.Cookie+"=mine; Path=/")
		w.Header().Add("Set-Cookie", "own=1")
		w.Header().Add("Set-Cookie", " "+session.Cookie+" =mine")
		w.Header().Add("Set-Cookie", "="+session.Cookie+"=mine; Path=/")
		w.Header().Add("Set-Cookie", session.Cookie+"; Path=/")
		w.Header().Add("Set-Cookie", session.Cookie+"2=1")
		got <- r.Header["Cookie"]
	})))
	queue := &fakeQueue{}
	g := start(t, b, func(o *Options) { withPortal(o); o.Queue = queue })
	for sent, want := range map[string][]string{
		session.Cookie + "=x":                     nil,
		"a=1; " + session.Cookie + "=x; b=2":      {"a=1; b=2"},
		session.Cookie + "=x;" + session.Cookie:   nil,
		"a=1; " + session.Cookie + "2=x":          {"a=1; " + session.Cookie + "2=x"},
		"a=1; b=\"" + session.Cookie + "\"; c":    {"a=1; b=\"" + session.Cookie + "\"; c"},
		"a=1; b=2":                                {"a=1; b=2"},
		" " + session.Cookie + " = x ; left=over": {"left=over"},
	} {
		for _, dest := range []string{"empty", "document", ""} {
			res, text := g.do(t, "GET", "/function/a", "", "Cookie", sent, "Sec-Fetch-Dest", dest)
			wantStatus(t, res, text, 200)
			if diff := cmp.Diff(want, <-got); diff != "" {
				t.Errorf("%q, for %q: (-want +got):\n%s", sent, dest, diff)
			}
			if diff := cmp.Diff([]string{"own=1", session.Cookie + "2=1"}, res.Header["Set-Cookie"]); diff != "" {
				t.Errorf("%q: cookies that are set (-want +got):\n%s", sent, diff)
			}
		}
		res, text := g.do(t, "POST", "/async-function/a", "", "Cookie", sent)
		wantStatus(t, res, text, 202)
		if diff := cmp.Diff(want, queue.calls[len(queue.calls)-1].Header["Cookie"]); diff != "" {
			t.Errorf("%q, later: (-want +got):\n%s", sent, diff)
		}
	}
}

// TestLoginIsHidden checks that no function sees the gateway's own password, which a browser sends to one that asks for it in the
// gateway's name.
func TestLoginIsHidden(t *testing.T) {
	got := make(chan []string, 1)
	b := newFakeBackend(status("a", replica(t, func(_ http.ResponseWriter, r *http.Request) { got <- r.Header["Authorization"] })))
	queue := &fakeQueue{}
	closed := start(t, b, func(o *Options) { withLogin(o); o.Queue = queue })
	open := start(t, b, nil)
	own := "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:of-the-function"))
	for _, tt := range []struct {
		name, sent string
		on         *running
		want       []string
	}{
		{"the gateway's", adminLogin, closed, nil},
		{"the gateway's, written otherwise", strings.Replace(adminLogin, "Basic", "bAsIc", 1), closed, nil},
		{"the function's own", own, closed, []string{own}},
		{"a token", "Bearer x", closed, []string{"Bearer x"}},
		{"no password", "Basic", closed, []string{"Basic"}},
		{"of a gateway without one", adminLogin, open, []string{adminLogin}},
	} {
		for _, agent := range []string{"curl/8", chrome} {
			res, text := tt.on.do(t, "GET", "/function/a", "", "Authorization", tt.sent, "User-Agent", agent)
			wantStatus(t, res, text, 200)
			if diff := cmp.Diff(tt.want, <-got); diff != "" {
				t.Errorf("%s, %s: (-want +got):\n%s", tt.name, agent, diff)
			}
		}
		if tt.on == closed {
			res, text := tt.on.do(t, "POST", "/async-function/a", "", "Authorization", tt.sent)
			wantStatus(t, res, text, 202)
			if diff := cmp.Diff(tt.want, queue.calls[len(queue.calls)-1].Header["Authorization"]); diff != "" {
				t.Errorf("%s, later: (-want +got):\n%s", tt.name, diff)
			}
		}
	}
}

// TestForPage checks that what must take the long way does: all that useOf does not call data but what is fetched, and every session.
func TestForPage(t *testing.T) {
	for _, tt := range []struct {
		header map[string]string
		want   bool
	}{
		{map[string]string{"Accept": "*/*", "User-Agent": "curl/8", "Cookie": "a=1"}, false},
		{map[string]string{"User-Agent": chrome, "Accept": forHTML, "Sec-Fetch-Dest": "empty"}, false},
		{map[string]string{"User-Agent": chrome, "Sec-Fetch-Dest": "empty", "Cookie": "a=1; faas_session=x"}, true},
		{map[string]string{"Sec-Fetch-Dest": "document"}, true},
		{map[string]string{"Sec-Fetch-Dest": "image"}, true}, // it costs little, and no second list
		{map[string]string{"Service-Worker": "script"}, true},
		{map[string]string{"Accept": forHTML}, true},
		{map[string]string{"User-Agent": chrome}, true},
		{map[string]string{"User-Agent": "curl/8", "Origin": "null"}, true},
		{map[string]string{"User-Agent": "curl/8", "Origin": "null", "Sec-Fetch-Dest": "empty"}, false},
	} {
		var fields []http1.Field
		for name, value := range tt.header {
			fields = append(fields, http1.Field{Name: []byte(name), Value: []byte(value)})
		}
		long, fetched := forPage(fields)
		if long != tt.want {
			t.Errorf("%v: %t", tt.header, long)
		}
		h := tt.header
		u := useOf(h["Sec-Fetch-Dest"], "same-origin", h["Service-Worker"], h["Origin"], h["Accept"], h["User-Agent"])
		if !long && (u == asPage) != fetched || !long && u == asScript {
			t.Errorf("%v goes the short way, sealed %t, and is %d", h, fetched, u)
		}
	}
}

func BenchmarkForPage(b *testing.B) {
	var fields []http1.Field
	for name, value := range map[string]string{
		"Accept": "*/*", "User-Agent": "hey/0.0.1", "Content-Type": "text/plain", "Accept-Encoding": "gzip", "X-Call-Id": "1",
	} {
		fields = append(fields, http1.Field{Name: []byte(name), Value: []byte(value)})
	}
	b.ReportAllocs()
	for b.Loop() {
		forPage(fields)
	}
}
