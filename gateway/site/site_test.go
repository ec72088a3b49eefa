package site

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

const page = "<!doctype html><title>portal</title>"

var script = strings.Repeat("console.log('portal');\n", 100)

func newSite(t *testing.T) *Site {
	t.Helper()
	s, err := New(fstest.MapFS{
		"index.html": {Data: []byte(page)}, "assets/app-1a2b.js": {Data: []byte(script)}, "assets/logo-3c.png": {Data: []byte("\x89PNG")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(s *Site, method, path string, header ...string) *http.Response {
	r := httptest.NewRequest(method, path, http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func TestFiles(t *testing.T) {
	s := newSite(t)
	for _, tt := range []struct {
		method, path string
		status       int
		contentType  string
		cache        string
	}{
		{"GET", "/ui/", 200, "text/html; charset=utf-8", "no-cache"},
		{"GET", "/ui/functions/resize/logs", 200, "text/html; charset=utf-8", "no-cache"},
		{"GET", "/ui/index.html", 200, "text/html; charset=utf-8", "no-cache"},
		{"GET", "/ui/../../etc/passwd", 200, "text/html; charset=utf-8", "no-cache"},
		{"HEAD", "/ui/assets/app-1a2b.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"GET", "/ui/assets/app-1a2b.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"GET", "/ui/assets/logo-3c.png", 200, "image/png", "public, max-age=31536000, immutable"},
		{"GET", "/ui/assets/app-old.js", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/elsewhere", 404, "text/plain; charset=utf-8", ""},
		{"POST", "/ui/", 405, "text/plain; charset=utf-8", ""},
	} {
		res := ask(s, tt.method, tt.path)
		h := res.Header
		if res.StatusCode != tt.status || h.Get("Content-Type") != tt.contentType || h.Get("Cache-Control") != tt.cache {
			t.Errorf("%s %s: %d %q %q", tt.method, tt.path, res.StatusCode, h.Get("Content-Type"), h.Get("Cache-Control"))
		}
		if h.Get("Content-Security-Policy") != policy || h.Get("X-Content-Type-Options") != "nosniff" ||
			h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cross-Origin-Opener-Policy") != "same-origin" {
			t.Errorf("%s %s: header %v", tt.method, tt.path, h)
		}
		if body, _ := io.ReadAll(res.Body); tt.method == "HEAD" && len(body) > 0 {
			t.Errorf("HEAD has a body: %q", body)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Error("the policy allows what is unsafe")
	}
}

func TestGzip(t *testing.T) {
	s := newSite(t)
	res := ask(s, "GET", "/ui/assets/app-1a2b.js", "Accept-Encoding", "br, gzip;q=0.8")
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || string(text) != script || res.Header.Get("Content-Encoding") != "gzip" || res.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("%q, %v, %v", text, err, res.Header)
	}
	for _, accepts := range []string{"", "br", "gzip;q=0", "gzip;q=much", "identity"} {
		res := ask(s, "GET", "/ui/assets/app-1a2b.js", "Accept-Encoding", accepts)
		if body, _ := io.ReadAll(res.Body); string(body) != script || res.Header.Get("Content-Encoding") != "" {
			t.Errorf("%q: %v", accepts, res.Header)
		}
	}
	if res := ask(s, "GET", "/ui/assets/logo-3c.png", "Accept-Encoding", "gzip"); res.Header.Get("Content-Encoding") != "" {
		t.Error("what gets no smaller is packed")
	}
}

func TestNotModified(t *testing.T) {
	s := newSite(t)
	for _, accepts := range []string{"", "gzip"} {
		tag := ask(s, "GET", "/ui/assets/app-1a2b.js", "Accept-Encoding", accepts).Header.Get("Etag")
		for header, want := range map[string]int{
			tag: 304, `"x", W/` + tag: 304, "*": 304, `"x"`: 200, "": 200,
		} {
			res := ask(s, "GET", "/ui/assets/app-1a2b.js", "Accept-Encoding", accepts, "If-None-Match", header)
			if res.StatusCode != want || res.Header.Get("Etag") != tag {
				t.Errorf("If-None-Match %q: %d %q", header, res.StatusCode, res.Header.Get("Etag"))
			}
		}
	}
}

func TestNewWithoutIndex(t *testing.T) {
	if _, err := New(fstest.MapFS{"assets/a.js": {}}); err == nil {
		t.Error("no error")
	}
}
