package watchdog

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestLogLines(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		vars    []string
		want    string // a regular expression that stderr matches
		wantOut string // of the client
	}{
		{"begin", []string{"mode=streaming"}, `(?m)^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d Forking fprocess\.$`, "out\n"},
		{"end", []string{"mode=streaming"}, `Wrote 4 Bytes - Duration: 0\.\d+s\n`, "out\n"},
		{"prefix", []string{"mode=streaming"}, `\d\d:\d\d:\d\d stderr: err\n`, "out\n"},
		{"no prefix", []string{"mode=streaming", "prefix_logs=false"}, `(?m)^err\n`, "out\n"},
		{"call id", []string{"mode=streaming", "log_callid=true"}, `(?s)Forking fprocess\. \[id1\]\n.*stderr: err \[id1\]\n`, "out\n"},
		{"short lines", []string{"mode=streaming", "log_buffer_size=2"}, `(?s)stderr: er\n.*stderr: r\n`, "out\n"},
		{"classic combines", nil, `Wrote 8 Bytes`, "err\nout\n"},
		{"write_debug", []string{"mode=serializing", "write_debug=true"}, `Out: out\n`, "out\n"},
		{"debug_headers", []string{"mode=serializing", "debug_headers=true"}, `X-Call-Id: id1\n`, "out\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, append(tt.vars, "fprocess=sh -c 'echo err >&2; sleep 0.05; echo out'")...)
			req := w.request(t, http.MethodPost, "/", nil)
			req.Header.Set("X-Call-Id", "id1")
			_, body, err := w.do(t, req)
			if err != nil || body != tt.wantOut {
				t.Errorf("got %q %v", body, err)
			}
			match := regexp.MustCompile(tt.want)
			eventually(t, "logged", func() bool { return match.MatchString(w.stderr.String()) })
		})
	}
}

func TestSplitLines(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		limit    int
		want     []string
	}{
		{"empty", "", 8, nil},
		{"lines", "a\n\nb\r\nc", 8, []string{"a", "", "b", "c"}},
		{"long", "abcdefgh\nij", 3, []string{"abc", "def", "gh", "ij"}},
		{"exact", "abc\nabc", 3, []string{"abc", "abc"}},
		{"no bound", strings.Repeat("x", 10000) + "\n", -1, []string{strings.Repeat("x", 10000)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			splitLines(iotest.OneByteReader(strings.NewReader(tt.in)), tt.limit, func(line []byte) {
				got = append(got, string(line))
			})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestEnvironOfTheProcess(t *testing.T) {
	t.Parallel()
	w := start(t, "mode=streaming", "fprocess=env")
	req := w.request(t, http.MethodPut, "/a/b?q=1&r", strings.NewReader("hello"))
	req.Header.Set("X-My-Header", "v=1")
	req.Header.Set("Proxy", "evil")
	req.Host = "example.com"
	_, body, err := w.do(t, req)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Http_X_My_Header=v=1", "Http_Method=PUT", "Http_Query=q=1&r", "Http_Path=/a/b",
		"Http_Content_Length=5", "Http_ContentLength=5", "Http_Host=example.com",
	} {
		if !strings.Contains("\n"+body, "\n"+want+"\n") {
			t.Errorf("%s is missing in:\n%s", want, body)
		}
	}
	if strings.Contains(body, "evil") {
		t.Error("the header Proxy was passed on")
	}
	chunked := w.request(t, http.MethodPost, "/", struct{ *strings.Reader }{strings.NewReader("x")})
	chunked.ContentLength = -1
	if _, body, err = w.do(t, chunked); err != nil || !strings.Contains(body, "Http_Transfer_Encoding=chunked\n") {
		t.Errorf("got %s %v", body, err)
	}
	req.Header.Set("X-Long", strings.Repeat("x", 200_000))
	req = w.request(t, http.MethodGet, "/", nil)
	req.Header.Set("X-Long", strings.Repeat("x", 200_000))
	if res, _, err := w.do(t, req); err != nil || res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header beyond the limit of the kernel: got %v %v", res, err)
	}
}

func TestMarshalRequest(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, mode string) {
		w := start(t, mode, "fprocess=cat", "marshal_request=true")
		req := w.request(t, http.MethodPost, "/", strings.NewReader("a\x00b"))
		req.Header.Set("X-A", "1")
		_, body, err := w.do(t, req)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Header http.Header `json:"header"`
			Body   struct {
				Raw []byte `json:"raw"`
			} `json:"body"`
		}
		if err := json.Unmarshal([]byte(body), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Header.Get("X-A") != "1" || string(doc.Body.Raw) != "a\x00b" {
			t.Errorf("got %s", body)
		}
	})
}

func TestContentType(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		vars []string
		want string
	}{
		{"mode given", []string{"mode=streaming"}, "application/octet-stream"},
		{"configured", []string{"mode=streaming", "content_type=text/csv"}, "text/csv"},
		{"classic: the request's", nil, "application/json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t, append(tt.vars, "fprocess=cat")...)
			req := w.request(t, http.MethodPost, "/", strings.NewReader("{}"))
			req.Header.Set("Content-Type", "application/json")
			res, _, err := w.do(t, req)
			if err != nil {
				t.Fatal(err)
			}
			if got := res.Header.Get("Content-Type"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	w := start(t, "mode=streaming", "fprocess=cat")
	if _, _, err := w.post(t, "x"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.do(t, w.request(t, "BREW", "/", nil)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`http_requests_total{code="200",method="post"} 1`,
		`http_requests_total{code="200",method="unknown"} 1`,
		`http_request_duration_seconds_count{code="200",method="post"} 1`,
		"http_requests_in_flight 0",
		"process_resident_memory_bytes ",
		"process_cpu_seconds_total ",
	} {
		eventually(t, want, func() bool { return strings.Contains(w.scrape(t), want) })
	}
	problems, err := testutil.GatherAndLint(w.opts.Registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v %v", problems, err)
	}
}
