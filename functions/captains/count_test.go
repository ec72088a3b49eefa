package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

const usual = `a[href*="/captains/"]`

func TestCaptains(t *testing.T) {
	page, err := os.ReadFile("testdata/captains.html")
	if err != nil {
		t.Fatal(err)
	}
	request, err := os.ReadFile("request.json")
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/captains/":
			_, _ = w.Write(page)
		case "/one/":
			_, _ = w.Write([]byte(`<a href="/captains/ada/">`))
		case "/changed/":
			_, _ = w.Write([]byte("<html><p>We moved. <a href='/'>Home</a>"))
		case "/garbage/":
			_, _ = w.Write([]byte("\x00\xff<<<a href=\"/captains/"))
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	for _, c := range []struct{ name, url, selector, text, log string }{
		{"the page", srv.URL + "/captains/", usual, "There are 3 Docker Captains.", ""},
		{"another selector", srv.URL + "/captains/", "footer a", "There is one Docker Captain.", ""},
		{"one", srv.URL + "/one/", usual, "There is one Docker Captain.", ""},
		{"changed", srv.URL + "/changed/", usual, "I found no Docker Captains on their page.", "captains: no captain is on the page " +
			srv.URL + "/changed/: it may have changed; captains_selector says which links are captains, now " + usual + "\n"},
		{"garbage", srv.URL + "/garbage/", usual, "I found no Docker Captains on their page.", "captains: no captain is on the page " +
			srv.URL + "/garbage/: it may have changed; captains_selector says which links are captains, now " + usual + "\n"},
		{"no page", srv.URL + "/none", usual, "Sorry, I cannot read the page of the Docker Captains now.", "captains: " + srv.URL + "/none answered 404 Not Found\n"},
		{
			"unreachable", "http://127.0.0.1:1", usual, "Sorry, I cannot read the page of the Docker Captains now.",
			"captains: cannot reach http://127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused\n",
		},
		{
			"bad selector", srv.URL + "/captains/", "a[", "Sorry, I cannot read the page of the Docker Captains now.",
			"captains: captains_selector \"a[\" is no CSS selector: expected identifier, found EOF instead\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, log strings.Builder
			code := counter{srv.Client(), c.url, c.selector}.skill().Serve(t.Context(), bytes.NewReader(request), &out, &log)
			want := `{"version":"1.0","response":{"outputSpeech":{"type":"PlainText","text":"` + c.text + `"},"shouldEndSession":true}}` + "\n"
			if code != 0 || out.String() != want || log.String() != c.log {
				t.Errorf("code %d, %s, log %q", code, &out, &log)
			}
		})
	}
}
