package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"faas/functions/serve"
)

// maxSize bounds an answer.
const maxSize = 1 << 30

// order is what one request asks for.
type order struct {
	cpu, sleep time.Duration
	size       int64
	fail       float64
}

func parseOrder(q url.Values) (order, error) {
	var o order
	var errs [4]error
	o.cpu, errs[0] = duration(q, "cpu")
	o.sleep, errs[1] = duration(q, "sleep")
	if s := q.Get("size"); s != "" {
		var err error
		if o.size, err = strconv.ParseInt(s, 10, 64); err != nil || o.size < 0 || o.size > maxSize {
			errs[2] = fmt.Errorf("size=%q: use a number of bytes from 0 to %d", s, maxSize)
		}
	}
	if s := q.Get("fail"); s != "" {
		var err error
		if o.fail, err = strconv.ParseFloat(s, 64); err != nil || !(o.fail >= 0 && o.fail <= 1) {
			errs[3] = fmt.Errorf("fail=%q: use a share from 0 to 1", s)
		}
	}
	return o, errors.Join(errs[:]...)
}

func duration(q url.Values, key string) (time.Duration, error) {
	s := q.Get(key)
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s=%q: use a duration such as 20ms", key, s)
	}
	return d, nil
}

func work(w http.ResponseWriter, r *http.Request) {
	o, err := parseOrder(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return // the client is gone
	}
	if !burn(r.Context(), o.cpu) || !serve.Wait(r.Context(), o.sleep) {
		return // as above
	}
	if rand.Float64() < o.fail { //nolint:gosec // not a secret
		http.Error(w, "failed, as asked", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(o.size, 10))
	_, _ = io.CopyN(w, filler{}, o.size) // a client that is gone wants no more
}

// filler reads as dots without end.
type filler struct{}

func (filler) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '.'
	}
	return len(p), nil
}

// spin uses some tens of microseconds of processor time.
func spin() {
	x := uint64(1)
	for range 20_000 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	if x == 0 { // never: keeps the loop from being left out
		panic("xorshift reached zero")
	}
}
