package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"faas/functions/serve"
)

// The most that one request may ask for. A watchdog ends what takes longer than its exec_timeout, 30 s where nothing was said.
const (
	maxEvents = 10_000
	maxTime   = 25 * time.Second
)

// order is what one request asks for.
type order struct {
	n     int
	every time.Duration
}

func parseOrder(q url.Values) (order, error) {
	n, errN := strconv.Atoi(cmp.Or(q.Get("n"), "5"))
	if errN != nil || n < 1 || n > maxEvents {
		errN = fmt.Errorf("n=%q: use a number of events from 1 to %d", q.Get("n"), maxEvents)
	}
	every, errEvery := time.ParseDuration(cmp.Or(q.Get("every"), "200ms"))
	if errEvery != nil || every < 0 || every > maxTime {
		errEvery = fmt.Errorf("every=%q: use a duration such as 200ms, at most %s", q.Get("every"), maxTime)
	}
	if err := errors.Join(errN, errEvery); err != nil {
		return order{}, err
	}
	if total := time.Duration(n-1) * every; total > maxTime {
		return order{}, fmt.Errorf("%d events every %s take %s: ask for at most %s", n, every, total, maxTime)
	}
	return order{n, every}, nil
}

// stream answers with events 1 to n. A client that lost the connection says which it had last, and gets those after it. One that
// had all is told to come no more, by 204, since an EventSource would ask again for ever.
func stream(w http.ResponseWriter, r *http.Request) {
	o, err := parseOrder(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	last, err := strconv.Atoi(cmp.Or(r.Header.Get("Last-Event-ID"), "0"))
	if err != nil || last < 0 {
		http.Error(w, "Last-Event-ID: send the number of the last event that you have", http.StatusBadRequest)
		return
	}
	if last >= o.n {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	for i := last + 1; i <= o.n; i++ {
		if i > last+1 && !serve.Wait(r.Context(), o.every) {
			return // the client left, or the function stops: a browser asks again
		}
		if _, err := fmt.Fprintf(w, "id: %d\ndata: event %d of %d\n\n", i, i, o.n); err != nil {
			return // nobody reads it
		}
		if err := out.Flush(); err != nil {
			return // as above
		}
	}
}
