package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// told is an answer as a callback got it.
type told struct {
	header http.Header
	body   string
}

// listenForCallbacks is a program of the user's, on this machine.
func listenForCallbacks(t *testing.T) (url string, calls <-chan told) {
	t.Helper()
	got := make(chan told, 100)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- told{r.Header, string(body)}
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

// invokeLater returns the status and the header of the answer.
func invokeLater(t *testing.T, sys *Up, function, callback, body string) (int, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sys.Gateway()+"/async-function/"+function, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if callback != "" {
		req.Header.Set("X-Callback-Url", callback)
	}
	res, err := sys.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close() // it is empty
	return res.StatusCode, res.Header
}

func await(t *testing.T, calls <-chan told, within time.Duration) told {
	t.Helper()
	select {
	case c := <-calls:
		return c
	case <-time.After(within):
		t.Fatalf("no callback within %s", within)
		return told{}
	}
}

// TestAsync calls a function later that sleeps, chains two, and kills everything between the acceptance and the call.
func TestAsync(t *testing.T) {
	t.Parallel()
	sys := startSystem(t, fn{name: "count", process: "wc -c"}, fn{name: "slow", process: `sh -c "sleep 1; cat"`})
	Watch(t, sys)
	if err := sys.Scale(t.Context(), "count", 0); err != nil {
		t.Fatal(err)
	}
	url, calls := listenForCallbacks(t)
	status, header := invokeLater(t, sys, "count.openfaas-fn", url, "12345")
	if status != http.StatusAccepted || header.Get("X-Call-Id") == "" {
		t.Fatalf("answer %d with %v", status, header)
	}
	got := await(t, calls, 20*second)
	if strings.TrimSpace(got.body) != "5" || got.header.Get("X-Function-Status") != "200" ||
		got.header.Get("X-Function-Name") != "count" || got.header.Get("X-Call-Id") != header.Get("X-Call-Id") {
		t.Errorf("callback %q with %v", got.body, got.header)
	}

	if status, _ := invokeLater(t, sys, "count", "http://"+sys.addresses.Alertmanager+"/api/v2/alerts", ""); status != http.StatusAccepted {
		t.Errorf("a callback to Alertmanager: %d; it is refused when it is due", status)
	}
	for callback, want := range map[string]int{
		"http://169.254.169.254/latest/meta-data": 400, "http://gateway:8080/system/functions": 400, "nonsense": 400,
		"http://gateway:8080/function/count": 202,
	} {
		if status, _ := invokeLater(t, sys, "count", callback, ""); status != want {
			t.Errorf("callback %s: %d, want %d", callback, status, want)
		}
	}

	if status, _ = invokeLater(t, sys, "slow", url, "kept"); status != http.StatusAccepted {
		t.Fatalf("answer %d", status)
	}
	if err := sys.Restart(t.Context(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if got := await(t, calls, 60*second); got.body != "kept" || got.header.Get("X-Function-Status") != "200" {
		t.Errorf("after the restart: %q with %v", got.body, got.header)
	}
}
