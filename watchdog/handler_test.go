package watchdog

import (
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	w := start(t, "mode=streaming", "fprocess=cat")
	ask := func(method, path string) *http.Response {
		t.Helper()
		res, _, err := w.do(t, w.request(t, method, path, nil))
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	for path, header := range map[string]string{"/_/health": "faas", "/_/ready": ""} {
		for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "DELETE": 405} {
			if res := ask(method, path); res.StatusCode != want || res.Header.Get(watchdogHeader) != header {
				t.Errorf("%s %s: got %d, %s %q", method, path, res.StatusCode, watchdogHeader, res.Header.Get(watchdogHeader))
			}
		}
	}
	// A function that wants to be replaced removes the lock file.
	if err := os.Remove(w.lock.path); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/_/health", "/_/ready"} {
		if got := ask("GET", path).StatusCode; got != 503 {
			t.Errorf("%s without the lock file: got %d", path, got)
		}
	}
	if ask("GET", "/_/health").Header.Get(watchdogHeader) != "faas" {
		t.Error("an unhealthy watchdog does not say whose it is")
	}
	if _, body, err := w.post(t, "x"); err != nil || body != "x" {
		t.Errorf("a request all the same: got %q %v", body, err)
	}
	if strings.Count(w.stderr.String(), "Forking") != 1 {
		t.Error("asking for health started a process")
	}
}

func TestSuppressedLock(t *testing.T) {
	t.Parallel()
	w := start(t, "fprocess=cat", "suppress_lock=true")
	if got := w.status(t, "/_/health"); got != 200 {
		t.Errorf("got %d", got)
	}
	if _, err := os.Stat(w.opts.LockPath); err == nil {
		t.Error("there is a lock file")
	}
}

// Callers tell by a header what the function did not answer itself.
func TestOriginOfAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		vars   []string
		status int
		origin string
	}{
		{"function's own", []string{"fprocess=cat"}, 200, ""},
		{"function failed", []string{"fprocess=false"}, 500, ""},
		{"time-out", []string{"fprocess=sleep 60", "exec_timeout=50ms"}, 504, "faas-watchdog"},
		{"too large", []string{"fprocess=cat", "max_body=1"}, 413, "faas-watchdog"},
		{"did not start", []string{"mode=http", "fprocess=false", "upstream_url=http://127.0.0.1:1"}, 503, "faas-watchdog"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, tt.vars...)
			res, _, err := w.post(t, "xx")
			if err != nil {
				t.Fatal(err)
			}
			if got := res.Header.Get(internalHeader); res.StatusCode != tt.status || got != tt.origin {
				t.Errorf("got %d, %s %q, want %d %q", res.StatusCode, internalHeader, got, tt.status, tt.origin)
			}
			seconds, err := strconv.ParseFloat(res.Header.Get(durationHeader), 64)
			if err != nil || seconds <= 0 || seconds > 30 {
				t.Errorf("%s: %q", durationHeader, res.Header.Get(durationHeader))
			}
		})
	}
}

// The classic watchdog's callers find the reason in the answer.
func TestOutputOfAFailure(t *testing.T) {
	t.Parallel()
	w := start(t, "fprocess=sh -c 'echo out; echo trace >&2; exit 3'")
	res, body, err := w.post(t, "")
	if want := "function failed: exit status 3\nout\ntrace\n"; err != nil || res.StatusCode != 500 || body != want {
		t.Errorf("got %v %q %v, want 500 %q", res, body, err, want)
	}
}

func TestHTTPLogsRequests(t *testing.T) {
	w := startHTTP(t, "log_callid=true")
	for id, want := range map[string]string{"": "none", "id1": "id1"} {
		req := w.request(t, http.MethodPost, "/echo/?a=1", strings.NewReader("hello"))
		req.Header.Set("X-Call-Id", id)
		if res, _, err := w.do(t, req); err != nil || res.Header.Get(durationHeader) == "" {
			t.Errorf("got %v %v", res, err)
		}
		match := regexp.MustCompile(`POST /echo/\?a=1 - 200 OK - ContentLength: 5B \(\d\.\d{4}s\) \[` + want + `\]\n`)
		eventually(t, "logged", func() bool { return match.MatchString(w.stderr.String()) })
	}
}
