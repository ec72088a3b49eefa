package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"faas/function"
)

func TestRetriesUntilItAnswers(t *testing.T) {
	for _, status := range []int{429, 500, 502, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			var gateway *fakeGateway
			gateway = newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) {
				if gateway.count() < 3 {
					platform(w, status)
				}
			})
			q := start(t, Options{Gateway: gateway.URL})
			q.enqueue(t, function.Call{ID: "a", Function: "f", Body: []byte("again")})
			calls := gateway.await(t, 3)
			q.empty(t)
			if calls[2].body != "again" || gateway.count() != 3 {
				t.Errorf("made %d times, at last with body %q", gateway.count(), calls[2].body)
			}
			if n := q.counted(t, "gateway_async_calls_total", eventRetried); n != 2 {
				t.Errorf("%v retries counted, want 2", n)
			}
		})
	}
}

// TestResultsOfTheFunction are not tried again, whatever their status.
func TestResultsOfTheFunction(t *testing.T) {
	gateway := newGateway(t, func(w http.ResponseWriter, r *http.Request, _ *seen) {
		var status int
		_, _ = fmt.Sscan(r.URL.Query().Get("status"), &status)
		w.WriteHeader(status)
	})
	q := start(t, Options{Gateway: gateway.URL})
	statuses := []int{200, 302, 400, 404, 429, 500, 502, 503, 504}
	for _, status := range statuses {
		q.enqueue(t, function.Call{Function: "f", Query: fmt.Sprint("status=", status)})
	}
	q.empty(t)
	if n := gateway.count(); n != len(statuses) {
		t.Errorf("%d calls, want %d", n, len(statuses))
	}
	if n := q.counted(t, "gateway_async_calls_total", eventCompleted); n != float64(len(statuses)) {
		t.Errorf("%v completed, want %d", n, len(statuses))
	}
}

// TestOnceMore are failures of calls that were made, which is once more at most.
func TestOnceMore(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter){
		"out of time": func(w http.ResponseWriter) { platform(w, http.StatusGatewayTimeout) },
		"said too much": func(w http.ResponseWriter) {
			w.Header().Set("X-OpenFaaS-Internal", "faas-watchdog")
			w.WriteHeader(http.StatusInternalServerError)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gateway := newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) { answer(w) })
			q := start(t, Options{Gateway: gateway.URL})
			q.enqueue(t, function.Call{Function: "f"})
			q.empty(t)
			if n := gateway.count(); n != 2 {
				t.Errorf("made %d times, want twice", n)
			}
			if n := q.counted(t, "gateway_async_calls_total", eventDead); n != 1 {
				t.Errorf("%v dead letters", n)
			}
		})
	}
}

// TestBrokenAnswer is one that ends in the middle.
func TestBrokenAnswer(t *testing.T) {
	var gateway *fakeGateway
	gateway = newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) {
		if gateway.count() == 1 {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("short"))
			panic(http.ErrAbortHandler)
		}
	})
	q := start(t, Options{Gateway: gateway.URL})
	q.enqueue(t, function.Call{Function: "f"})
	gateway.await(t, 2)
	q.empty(t)
}

func TestDeadLetter(t *testing.T) {
	gateway, mend := newBroken(t)
	told := newGateway(t, nil)
	config := quick()
	config.Attempts = 3
	q := start(t, Options{Gateway: gateway.URL, Config: config, Callbacks: CallbackOptions{Loopback: true}})
	q.enqueue(t, function.Call{
		ID: "lost", Function: "f", Method: "POST", Path: "/x", Body: []byte("12345"), Callback: told.URL + "/done",
	})
	q.empty(t)
	if n := gateway.count(); n != 3 {
		t.Errorf("made %d times, want 3", n)
	}
	if h := told.await(t, 1)[0].header; h.Get("X-Function-Status") != "503" || h.Get("X-Call-Id") != "lost" || h.Get("X-Openfaas-Internal") == "" {
		t.Errorf("the callback was told %v", h)
	}
	if n := q.counted(t, "gateway_async_calls_total", eventDead); n != 1 {
		t.Errorf("%v dead letters counted", n)
	}
	eventually(t, "the metric shows the dead letter", func() bool { return q.counted(t, "gateway_async_dead_letters") == 1 })

	get := func(query string) (letters []DeadLetter) {
		t.Helper()
		w := httptest.NewRecorder()
		q.Letters().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/system/dead-letters"+query, nil))
		if err := json.Unmarshal(w.Body.Bytes(), &letters); err != nil {
			t.Fatalf("%d %s: %v", w.Code, w.Body, err)
		}
		return letters
	}
	letters := get("?function=f.openfaas-fn&limit=5")
	if len(letters) != 1 {
		t.Fatalf("letters %v", letters)
	}
	if l := letters[0]; l.Function != "f" || l.CallID != "lost" || l.Method != "POST" || l.Path != "/x" || l.Bytes != 5 ||
		l.Attempts != 3 || !strings.Contains(l.Reason, "503") || time.Since(l.Died) > time.Minute || l.Callback != told.URL+"/done" {
		t.Errorf("letter %+v", l)
	}
	if of := get("?function=other"); len(of) != 0 {
		t.Errorf("letters of another function: %v", of)
	}

	mend()
	post := func(id uint64) int {
		w := httptest.NewRecorder()
		q.Letters().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", fmt.Sprintf("/?id=%d", id), nil))
		return w.Code
	}
	if status := post(letters[0].ID); status != http.StatusAccepted {
		t.Fatalf("revive: %d", status)
	}
	if last := gateway.await(t, 4)[3]; last.body != "12345" || last.header.Get("X-Call-Id") != "lost" {
		t.Errorf("revived as %+v", last)
	}
	if len(get("")) != 0 || post(letters[0].ID) != http.StatusNotFound || post(1<<40) != http.StatusNotFound {
		t.Error("the letter can be revived twice")
	}
	q.empty(t)
}

// TestReviveTwiceAtOnce makes one call of a dead letter that two want to revive.
func TestReviveTwiceAtOnce(t *testing.T) {
	gateway, mend := newBroken(t)
	config := quick()
	config.Attempts = 1
	q := start(t, Options{Gateway: gateway.URL, Config: config})
	q.enqueue(t, function.Call{Function: "f"})
	q.empty(t)
	letters, err := q.DeadLetters(t.Context(), "f", 10)
	if err != nil || len(letters) != 1 {
		t.Fatalf("letters %v, %v", letters, err)
	}
	if found, all, err := q.findLetters(t.Context(), "f", 10, 0); err != nil || all || len(found) != 0 {
		t.Errorf("without looking at any: %v, all %t, %v", found, all, err)
	}
	if found, all, err := q.findLetters(t.Context(), "other", 10, 1); err != nil || !all || len(found) != 0 {
		t.Errorf("after looking at all: %v, all %t, %v", found, all, err)
	}
	mend()
	const n = 8
	all := make(chan error, n)
	for range n {
		go func() { all <- q.Revive(t.Context(), letters[0].ID) }()
	}
	revived := 0
	for range n {
		switch err := <-all; {
		case err == nil:
			revived++
		case !errors.Is(err, function.ErrNotFound):
			t.Error(err)
		}
	}
	q.empty(t)
	if made := gateway.count(); made != 2 || revived == 0 {
		t.Errorf("made %d times after %d said that they revived it, want once more", made, revived)
	}
}

// TestUnreadable puts something into the stream that is no call.
func TestUnreadable(t *testing.T) {
	gateway := newGateway(t, nil)
	q := start(t, Options{Gateway: gateway.URL})
	q.enqueue(t, function.Call{Function: "f"})
	if _, err := q.store.Load().js.Publish(t.Context(), callPrefix+"f", []byte("nonsense")); err != nil {
		t.Fatal(err)
	}
	q.empty(t)
	letters, err := q.DeadLetters(t.Context(), "", 10)
	if err != nil || len(letters) != 1 || letters[0].Function != "f" || !strings.Contains(letters[0].Reason, "cannot be read") {
		t.Errorf("letters %+v, %v", letters, err)
	}
}

func TestFunctionRemoved(t *testing.T) {
	gateway := newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) { platform(w, 404) })
	told := newGateway(t, nil)
	q := start(t, Options{Gateway: gateway.URL, Callbacks: CallbackOptions{Loopback: true}})
	for range 20 {
		q.enqueue(t, function.Call{ID: "x", Function: "gone", Callback: told.URL})
	}
	q.empty(t)
	for _, c := range told.await(t, 20) {
		if c.header.Get("X-Function-Status") != "404" || c.header.Get("X-Function-Name") != "gone" {
			t.Errorf("told %v", c.header)
		}
	}
	if n := gateway.count(); n != 20 {
		t.Errorf("made %d times, want 20", n)
	}
	if n := strings.Count(q.log.String(), "does not exist any more"); n != 1 {
		t.Errorf("%d lines in the log, want 1", n)
	}
}

// TestOutageCostsFewAttempts lets a function be away while many calls wait for it.
func TestOutageCostsFewAttempts(t *testing.T) {
	up := make(chan struct{})
	gateway := newGateway(t, func(w http.ResponseWriter, _ *http.Request, _ *seen) {
		select {
		case <-up:
		default:
			platform(w, 503)
		}
	})
	q := start(t, Options{Gateway: gateway.URL, Config: DefaultConfig()})
	const calls = 300
	for i := range calls {
		q.enqueue(t, function.Call{ID: fmt.Sprint(i), Function: "f"})
	}
	timer := time.NewTimer(2 * time.Second)
	<-timer.C
	during := gateway.count()
	if during > 2*25+10 {
		t.Errorf("%d attempts in 2 s of an outage: every call lost one", during)
	}
	close(up)
	q.empty(t)
	if n := gateway.count(); n > calls+during {
		t.Errorf("%d attempts for %d calls, %d of them in the outage", n, calls, during)
	}
}
