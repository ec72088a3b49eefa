package watchdog

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// onlyReader hides how long its text is, so that it is sent in chunks.
type onlyReader struct{ io.Reader }

func TestBodyThatIsHeldIsBounded(t *testing.T) {
	t.Parallel()
	bounded := http.StatusRequestEntityTooLarge
	for _, c := range []struct {
		name  string
		vars  []string
		size  int
		wants int
	}{
		{"serializing, at the bound", []string{"mode=serializing"}, 1 << 10, http.StatusOK},
		{"serializing, above it", []string{"mode=serializing"}, 1<<10 + 1, bounded},
		{"serializing, far above it", []string{"mode=serializing"}, 8 << 20, bounded},
		{"marshal_request", []string{"mode=streaming", "marshal_request=true"}, 1<<10 + 1, bounded},
		{"streaming", []string{"mode=streaming"}, 1 << 20, http.StatusOK},
		{"no bound", []string{"mode=serializing", "max_body=0"}, 1 << 20, http.StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, append(c.vars, "max_body=1Ki", "fprocess=cat")...)
			body := strings.Repeat("x", c.size)
			for kind, r := range map[string]io.Reader{
				"with a length": strings.NewReader(body), "in chunks": onlyReader{strings.NewReader(body)},
			} {
				res, got, err := w.do(t, w.request(t, http.MethodPost, "/", r))
				if err != nil {
					t.Fatalf("%s: %v", kind, err)
				}
				if res.StatusCode != c.wants {
					t.Errorf("%s: status %d %.100q, want %d", kind, res.StatusCode, got, c.wants)
				}
				if c.wants == bounded && got != "request body is larger than max_body, 1Ki\n" {
					t.Errorf("%s: got %q", kind, got)
				}
			}
			if forked := strings.Contains(w.stderr.String(), "Forking fprocess."); forked != (c.wants == http.StatusOK) {
				t.Errorf("a process was started: %t", forked)
			}
		})
	}
}

func TestOutputThatIsHeldIsBounded(t *testing.T) {
	t.Parallel()
	file := pidFile(t)
	w := start(t, "mode=serializing", "max_body=64Ki", "fprocess=sh -c 'echo $$ >"+file+"; exec yes'")
	res, body, err := w.post(t, "")
	if err != nil || res.StatusCode != http.StatusInternalServerError || body != "output is larger than max_body, 64Ki\n" {
		t.Errorf("got %v %.100q %v", res, body, err)
	}
	gone(t, pids(t, file, 1))
	if log := w.stderr.String(); !strings.Contains(log, `level=WARN msg="invocation failed" err="output is larger than max_body, 64Ki"`) {
		t.Error("the log does not say why")
	}
	w = start(t, "mode=serializing", "max_body=64Ki", "fprocess=head -c 65536 /dev/zero")
	if res, body, err := w.post(t, ""); err != nil || res.StatusCode != http.StatusOK || len(body) != 64<<10 {
		t.Errorf("output at the bound: got %v, %d bytes, %v", res, len(body), err)
	}
}

func TestBufferedBodyOfServerIsBounded(t *testing.T) {
	w := startHTTP(t, "http_buffer_req_body=true", "max_body=1Ki")
	for size, want := range map[int]int{1 << 10: http.StatusOK, 1<<10 + 1: http.StatusRequestEntityTooLarge} {
		res, body, err := w.do(t, w.request(t, http.MethodPost, "/echo/", onlyReader{strings.NewReader(strings.Repeat("x", size))}))
		if err != nil || res.StatusCode != want {
			t.Errorf("%d bytes: got %v %.100q %v, want %d", size, res, body, err, want)
		}
	}
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]size{
		"0": 0, "1": 1, "1024": 1 << 10, "64Mi": 64 << 20, "1Gi": 1 << 30, "2k": 2000, "2K": 2000, "3M": 3_000_000, "5Ki": 5 << 10,
	} {
		got, err := parseSize(text)
		if err != nil || got != want {
			t.Errorf("%q: got %d %v, want %d", text, got, err, want)
		}
		if again, err := parseSize(got.String()); err != nil || again != got {
			t.Errorf("%d is written as %q", got, got)
		}
	}
	for _, text := range []string{"-1", "x", "Mi", "1.5Mi", "1 Mi", "1MB", "9223372036854775807Gi", "99999999999999999999"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}

func FuzzParseSize(f *testing.F) {
	f.Add("64Mi")
	f.Add("9223372036854775807k")
	f.Add("0x10")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseSize(text)
		if err != nil {
			return
		}
		if again, err := parseSize(n.String()); n < 0 || err != nil || again != n {
			t.Errorf("%q is %d, written as %q and read as %d, %v", text, n, n, again, err)
		}
	})
}
