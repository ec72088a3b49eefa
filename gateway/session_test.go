//go:build !fuzz

package gateway

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"faas/gateway/session"
	"faas/internal/alerting"
)

func withPortal(o *Options) {
	withLogin(o)
	o.Portal = portalFiles
}

const login = `{"user":"admin","password":"secret"}`

// signedIn signs in and returns the cookie as it is sent back.
func (r *running) signedIn(t *testing.T) string {
	t.Helper()
	res, text := r.do(t, "POST", "/ui/session", login)
	wantStatus(t, res, text, 204)
	cookies := res.Cookies()
	if len(cookies) != 1 || cookies[0].Name != session.Cookie {
		t.Fatalf("cookies are %v", cookies)
	}
	return cookies[0].Name + "=" + cookies[0].Value
}

func TestSession(t *testing.T) {
	f := &fakeFreezer{frozen: map[string]alerting.Freeze{}, faults: &faults{}}
	g := start(t, newFakeBackend(status("a")), func(o *Options) {
		withPortal(o)
		o.Freezer = f
	})
	res, text := g.do(t, "GET", "/ui/session", "")
	wantStatus(t, res, text, 401)
	if res.Header.Get("WWW-Authenticate") != "" {
		t.Error("the browser would ask for a password")
	}
	cookie := g.signedIn(t)
	res, text = g.do(t, "GET", "/ui/session", "", "Cookie", "other=1; "+cookie)
	wantStatus(t, res, text, 200)
	if strings.TrimSpace(text) != `{"user":"admin","open":false}` {
		t.Errorf("it says %s", text)
	}
	res, text = g.do(t, "GET", "/ui/session", "", "Authorization", adminLogin)
	wantStatus(t, res, text, 200)
	res, text = g.do(t, "GET", "/system/functions", "", "Cookie", session.Cookie+"=of-a-function; "+cookie)
	wantStatus(t, res, text, 200)
	res, text = g.do(t, "PUT", "/system/functions/a/freeze", "{}", "Cookie", cookie)
	wantStatus(t, res, text, 200)
	if by := f.frozen["a"].CreatedBy; by != "admin" {
		t.Errorf("the silence is by %q", by)
	}
	res, text = g.do(t, "DELETE", "/ui/session", "", "Cookie", cookie)
	wantStatus(t, res, text, 204)
	if set := res.Cookies(); len(set) != 1 || set[0].MaxAge >= 0 {
		t.Errorf("cookies are %v", set)
	}
	res, text = g.do(t, "PATCH", "/ui/session", "", "Cookie", cookie)
	wantStatus(t, res, text, 405)

	again := start(t, newFakeBackend(status("a")), withPortal) // a restart, or another gateway
	res, text = again.do(t, "GET", "/system/functions", "", "Cookie", cookie)
	wantStatus(t, res, text, 200)
	changed := start(t, newFakeBackend(status("a")), func(o *Options) {
		withPortal(o)
		o.Credentials.Password = "another"
	})
	res, text = changed.do(t, "GET", "/system/functions", "", "Cookie", cookie)
	wantStatus(t, res, text, 401)
	none := start(t, newFakeBackend(status("a")), withLogin) // a gateway without a portal knows no sessions
	res, text = none.do(t, "GET", "/system/functions", "", "Cookie", cookie)
	wantStatus(t, res, text, 401)
}

func TestSessionCookie(t *testing.T) {
	g := start(t, newFakeBackend(), withPortal)
	for proto, secure := range map[string]bool{"": false, "http": false, "https": true, "https, http": true} {
		res, text := g.do(t, "POST", "/ui/session", login, "X-Forwarded-Proto", proto)
		wantStatus(t, res, text, 204)
		c := res.Cookies()[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Secure != secure || c.Domain != "" {
			t.Errorf("X-Forwarded-Proto %q: %v", proto, c)
		}
		if res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("Cache-Control %q", res.Header.Get("Cache-Control"))
		}
	}
}

func TestWrongPasswords(t *testing.T) {
	g := start(t, newFakeBackend(), withPortal)
	for range 5 {
		res, text := g.do(t, "POST", "/ui/session", `{"user":"admin","password":"guess"}`)
		wantStatus(t, res, text, 401)
		if len(res.Cookies()) > 0 || res.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("header %v", res.Header)
		}
	}
	res, text := g.do(t, "POST", "/ui/session", login)
	wantStatus(t, res, text, 429)
	if res.Header.Get("Retry-After") == "" || !strings.Contains(text, "try again in ") {
		t.Errorf("%v %q", res.Header, text)
	}
}

// TestPasswordWindow checks whom a browser asks for a password, in a window of its own.
func TestPasswordWindow(t *testing.T) {
	g := start(t, newFakeBackend(), withPortal)
	for _, tt := range []struct {
		name   string
		header []string
		asks   bool
	}{
		{"curl", nil, true},
		{"an address typed in", []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "none"}, true},
		{"fetch", []string{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-origin"}, false},
		{"fetch of the same origin", []string{"Sec-Fetch-Mode", "same-origin", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-origin"}, false},
		{"a session that has ended, over plain HTTP", []string{"Cookie", session.Cookie + "=x"}, false},
		{"a page that says so, over plain HTTP", []string{"X-Requested-With", "portal"}, false},
	} {
		res, text := g.do(t, "GET", "/system/functions", "", tt.header...)
		wantStatus(t, res, text, 401)
		if asks := res.Header.Get("WWW-Authenticate") != ""; asks != tt.asks {
			t.Errorf("%s: asks %t", tt.name, asks)
		}
	}
}

func TestOpenSession(t *testing.T) {
	g := start(t, newFakeBackend(), func(o *Options) { o.Portal = portalFiles })
	res, text := g.do(t, "GET", "/ui/session", "")
	wantStatus(t, res, text, 200)
	var got struct{ Open bool }
	if err := json.Unmarshal([]byte(text), &got); err != nil || !got.Open {
		t.Errorf("%s, %v", text, err)
	}
	res, text = g.do(t, "POST", "/ui/session", login)
	wantStatus(t, res, text, 204)
}

// TestReboundPages checks that a page whose name was made to point here reads nothing of a gateway without credentials. Over plain
// HTTP to a name a browser says neither Origin nor Sec-Fetch-Site as it does so.
func TestReboundPages(t *testing.T) {
	g := start(t, newFakeBackend(), func(o *Options) { o.Portal = portalFiles })
	for _, tt := range []struct {
		name, host string
		header     []string
		status     int
	}{
		{"over TLS", "rebound.example", []string{"Sec-Fetch-Site", "same-origin"}, 403},
		{"it changes something", "rebound.example", []string{"Origin", "http://rebound.example"}, 403},
		{"it reads", "rebound.example", []string{"User-Agent", chrome}, 403},
		{"it reads, in disguise", "rebound.example:8080", []string{"User-Agent", "curl/8", "Accept-Language", ""}, 403},
		{"by address", "192.0.2.1:8080", []string{"User-Agent", chrome}, 200},
		{"as localhost", "localhost:8080", []string{"User-Agent", chrome, "Sec-Fetch-Site", "same-origin"}, 200},
		{"no browser", "gateway:8080", []string{"User-Agent", "curl/8"}, 200},
	} {
		for _, path := range []string{"/ui/session", "/system/functions"} {
			req, err := http.NewRequestWithContext(t.Context(), "GET", g.url+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = tt.host
			for i := 0; i < len(tt.header); i += 2 {
				req.Header.Set(tt.header[i], tt.header[i+1])
			}
			res, err := g.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != tt.status {
				t.Errorf("%s: %s answers %d, want %d", tt.name, path, res.StatusCode, tt.status)
			}
		}
	}
}

func TestPortalPages(t *testing.T) {
	g := start(t, newFakeBackend(), withPortal)
	none := start(t, newFakeBackend(), nil)
	const html = "text/html,application/xhtml+xml"
	for _, tt := range []struct {
		on       *running
		path     string
		accept   string
		status   int
		location string
	}{
		{g, "/ui/", html, 200, ""},
		{g, "/ui/functions/a", html, 200, ""},
		{g, "/ui/assets/app-1.js", "*/*", 200, ""},
		{g, "/ui/assets/gone.js", "*/*", 404, ""},
		{g, "/ui", html, 307, "/ui/"},
		{g, "/", html, 307, "/ui/"},
		{g, "/", "*/*", 200, ""},
		{none, "/", html, 200, ""},
		{none, "/ui/", html, 404, ""},
		{none, "/ui/session", html, 404, ""},
	} {
		res, text := tt.on.do(t, "GET", tt.path, "", "Accept", tt.accept)
		wantStatus(t, res, text, tt.status)
		if at := res.Header.Get("Location"); at != tt.location {
			t.Errorf("%s goes to %q", tt.path, at)
		}
	}
}
