package queue

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"

	"faas/function"
	"faas/internal/httperr"
)

// loopback allows what tests listen on.
var loopback = CallbackOptions{Loopback: true}

func TestCallbackGetsTheAnswer(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	for _, body := range []string{"", "small", large} {
		t.Run(fmt.Sprint(len(body)), func(t *testing.T) {
			t.Parallel()
			gateway := newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) {
				w.Header().Set("Content-Type", "image/png")
				w.Header().Set("X-Own", "yes")
				w.WriteHeader(http.StatusTeapot)
				_, _ = io.WriteString(w, body)
			})
			told := newGateway(t, nil)
			spool := t.TempDir()
			q := start(t, Options{Gateway: gateway.URL, Callbacks: loopback, Spool: spool})
			q.enqueue(t, function.Call{ID: "id", Function: "f", Callback: told.URL + "/done?a=b"})
			got := told.await(t, 1)[0]
			if got.method != "POST" || got.uri != "/done?a=b" || got.body != body {
				t.Errorf("%s %s with %d bytes, want POST /done?a=b with %d", got.method, got.uri, len(got.body), len(body))
			}
			for name, want := range map[string]string{
				"Content-Type": "image/png", "X-Own": "yes", "X-Call-Id": "id", "X-Function-Status": "418", "X-Function-Name": "f",
				"Content-Length": fmt.Sprint(len(body)),
			} {
				if v := got.header.Get(name); v != want {
					t.Errorf("%s: %q, want %q", name, v, want)
				}
			}
			if got.header.Get("X-Duration-Seconds") == "" || got.header.Get("Date") != "" {
				t.Errorf("header %v", got.header)
			}
			q.empty(t)
			if files, err := os.ReadDir(spool); err != nil || len(files) > 0 {
				t.Errorf("left in the spool: %v, %v", files, err)
			}
			if n := q.counted(t, "gateway_async_callbacks_total", outcomeDelivered); n != 1 {
				t.Errorf("%v callbacks counted", n)
			}
		})
	}
}

func TestCallbackIsTriedAgain(t *testing.T) {
	gateway := newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) {
		_, _ = io.WriteString(w, strings.Repeat("x", inMemory+1))
	})
	var told *fakeGateway
	told = newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) {
		switch told.count() {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	q := start(t, Options{Gateway: gateway.URL, Callbacks: loopback})
	q.enqueue(t, function.Call{Function: "f", Callback: told.URL})
	for i, c := range told.await(t, 3) {
		if len(c.body) != inMemory+1 {
			t.Errorf("attempt %d had %d bytes", i+1, len(c.body))
		}
	}
	q.empty(t)
	if n := gateway.count(); n != 1 {
		t.Errorf("the function was called %d times, want once", n)
	}
}

func TestCallbackGivenUp(t *testing.T) {
	for _, test := range []struct {
		name           string
		status         int
		location       string
		want           int
		outcome, saids string
	}{
		{"refused for good", 400, "", 1, outcomeFailed, "answered 400"},
		{"away for long", 503, "", callbackAttempts, outcomeFailed, "answered 503"},
		{"a redirect that drops the answer", 302, "/", 1, outcomeFailed, "answered 302"},
		{"redirected for ever", 307, "/", maxRedirects + 1, outcomeFailed, "redirected more than"},
		{"redirected to metadata", 307, "http://169.254.169.254/latest", 1, outcomeRefused, "link-local"},
		{"redirected to another scheme", 308, "file:///etc/passwd", 1, outcomeRefused, "redirected to file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			gateway := newGateway(t, nil)
			told := newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) {
				if test.location != "" {
					w.Header().Set("Location", test.location)
				}
				w.WriteHeader(test.status)
			})
			q := start(t, Options{Gateway: gateway.URL, Callbacks: loopback})
			q.enqueue(t, function.Call{Function: "f", Callback: strings.Replace(told.URL, "://", "://me:secret@", 1) + "/hook-secret@"})
			q.empty(t)
			if n := told.count(); n != test.want {
				t.Errorf("asked %d times, want %d", n, test.want)
			}
			if n := q.counted(t, "gateway_async_callbacks_total", test.outcome); n != 1 {
				t.Errorf("%v counted as %s", n, test.outcome)
			}
			if log := q.log.String(); !strings.Contains(log, test.saids) || strings.Contains(log, "secret@") {
				t.Errorf("the log has no %q, or the password", test.saids)
			}
			if n := gateway.count(); n != 1 {
				t.Errorf("the function was called %d times", n)
			}
		})
	}
}

func TestCallbackFollowsRedirects(t *testing.T) {
	final := newGateway(t, nil)
	first := newGateway(t, func(w http.ResponseWriter, r *http.Request, _ *seen) {
		http.Redirect(w, r, final.URL+"/moved", http.StatusTemporaryRedirect)
	})
	gateway := newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) { _, _ = io.WriteString(w, "answer") })
	q := start(t, Options{Gateway: gateway.URL, Callbacks: loopback})
	q.enqueue(t, function.Call{Function: "f", Callback: first.URL})
	if got := final.await(t, 1)[0]; got.body != "answer" || got.uri != "/moved" {
		t.Errorf("got %q at %s", got.body, got.uri)
	}
	q.empty(t)
}

// TestChain calls one function with the answer of another, by the gateway's name in OpenFaaS, which need not resolve.
func TestChain(t *testing.T) {
	gateway := newGateway(t, func(w http.ResponseWriter, _ *http.Request, s *seen) {
		_, _ = io.WriteString(w, s.function+" of "+s.body)
	})
	q := start(t, Options{Gateway: gateway.URL, Callbacks: CallbackOptions{
		Lookup: func(context.Context, string) ([]netip.Addr, error) { return nil, fmt.Errorf("no such host") },
	}})
	for _, host := range []string{"gateway:8080", "GATEWAY.openfaas:8080", "gateway"} {
		before := gateway.count()
		q.enqueue(t, function.Call{ID: "chain", Function: "first", Callback: "http://" + host + "/function/second/x?y", Body: []byte("body")})
		got := gateway.await(t, before+2)[before+1]
		if got.function != "second" || got.body != "first of body" || got.uri != "/function/second/x?y" || got.header.Get("X-Call-Id") != "chain" {
			t.Errorf("by %s: %+v", host, got)
		}
	}
	for _, path := range []string{"/system/functions", "/", "", "/functions/x", "/%66unction/x"} {
		err := q.Enqueue(t.Context(), function.Call{Function: "f", Method: "POST", Path: "/", Callback: "http://gateway:8080" + path})
		if httperr.Status(err) != http.StatusBadRequest {
			t.Errorf("a callback to %s of the gateway: %v, want 400", path, err)
		}
	}
	q.empty(t)
}

func TestAnswerTooLarge(t *testing.T) {
	gateway := newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) {
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
	})
	told := newGateway(t, nil)
	config := quick()
	config.MaxResult = 1<<20 - 1
	q := start(t, Options{Gateway: gateway.URL, Callbacks: loopback, Config: config})
	q.enqueue(t, function.Call{Function: "f", Callback: told.URL})
	got := told.await(t, 1)[0]
	if got.header.Get("X-Function-Status") != "502" || !strings.Contains(got.body, "more than 1048575 bytes") {
		t.Errorf("told %.100q with %v", got.body, got.header)
	}
	q.empty(t)
	if n := gateway.count(); n != 1 {
		t.Errorf("the function was called %d times", n)
	}
}

// TestAnswerThatCannotBeKept is none of the function's: it is not called again.
func TestAnswerThatCannotBeKept(t *testing.T) {
	gateway := newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) {
		_, _ = io.WriteString(w, strings.Repeat("x", inMemory+1))
	})
	told := newGateway(t, nil)
	q := start(t, Options{Gateway: gateway.URL, Callbacks: loopback, Spool: t.TempDir() + "/missing"})
	q.enqueue(t, function.Call{Function: "f", Callback: told.URL})
	got := told.await(t, 1)[0]
	if got.header.Get("X-Function-Status") != "500" || got.header.Get(httperr.OriginHeader) != "queue" || !strings.Contains(got.body, "could not be kept") {
		t.Errorf("told %q with %v", got.body, got.header)
	}
	q.empty(t)
	if n := gateway.count(); n != 1 {
		t.Errorf("the function was called %d times", n)
	}
	if !strings.Contains(q.log.String(), "level=ERROR") {
		t.Error("the log has no error")
	}
}

// TestLyingResolver resolves a name to a good address first and to a forbidden one then.
func TestLyingResolver(t *testing.T) {
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the forbidden place was reached") }))
	defer receiver.Close()
	u, err := url.Parse(receiver.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, lie := range []string{"169.254.169.254", "127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "0.0.0.0"} {
		t.Run(lie, func(t *testing.T) {
			asked := 0
			q := start(t, Options{Gateway: newGateway(t, nil).URL, Callbacks: CallbackOptions{
				Lookup: func(context.Context, string) ([]netip.Addr, error) {
					asked++
					return []netip.Addr{netip.MustParseAddr(lie)}, nil
				},
			}})
			q.enqueue(t, function.Call{Function: "f", Callback: "http://innocent.example.com:" + u.Port() + "/"})
			q.empty(t)
			if asked == 0 {
				t.Error("the name was not resolved")
			}
			if n := q.counted(t, "gateway_async_callbacks_total", outcomeRefused); n != 1 {
				t.Errorf("%v callbacks counted as refused, want 1", n)
			}
		})
	}
}
