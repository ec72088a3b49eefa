package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"faas/api"
	"faas/e2e"
)

// An overload is overloadCalls requests of a second each at once, on a function of one replica with one slot.
const (
	overloadFunction = "bench-slots"
	overloadCalls    = 6
)

// measureOverloads times the first change of the count from the first request on that finds no free slot.
func measureOverloads(ctx context.Context, o options, s *system, rep *report) ([]time.Duration, error) {
	var ds []time.Duration
	for i := range o.Steps {
		name := fmt.Sprintf("%s-%d", overloadFunction, i)
		d := api.FunctionDeployment{
			Service: name, Image: "faas/work:latest", EnvProcess: "work",
			EnvVars: map[string]string{"mode": "http", "upstream_url": "http://127.0.0.1:8082", "max_inflight": "1"},
		}
		err := s.with(ctx, d, func() error {
			took, alert, err := overloadOnce(ctx, s, name)
			if err == nil {
				rep.progress("overload %d of %d: %.1f ms, by %s", i+1, o.Steps, float64(took.Microseconds())/1000, alert)
				ds = append(ds, took)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("overload %d: %w", i+1, err)
		}
	}
	return ds, nil
}

// overloadOnce sends the requests and reads in the decision log, whose clock is this machine's, when the count was changed, and
// by which alert.
func overloadOnce(ctx context.Context, s *system, name string) (time.Duration, string, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: overloadCalls}, Timeout: readyWithin}
	defer client.CloseIdleConnections()
	var (
		calls sync.WaitGroup
		mu    sync.Mutex
		errs  []error
	)
	began := time.Now()
	for range overloadCalls {
		calls.Go(func() {
			if err := call(ctx, client, s.Gateway()+"/function/"+name+"?sleep=1s"); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	calls.Wait()
	if err := errors.Join(errs...); err != nil {
		return 0, "", err
	}
	return s.firstRaise(ctx, name, began)
}

func call(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, res.Status)
	}
	return errors.Join(err, res.Body.Close())
}

// firstRaise is the time from began to the first change of the count, and the alert that ordered it, whichever it was.
func (s *system) firstRaise(ctx context.Context, name string, began time.Time) (time.Duration, string, error) {
	var first time.Time
	var alert string
	for _, g := range s.Gateways() { // one of them made it
		events, err := g.Events(ctx, name)
		if err != nil {
			return 0, "", err
		}
		for _, e := range events {
			if e["applied"] != true {
				continue
			}
			at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(e["time"]))
			if err != nil {
				return 0, "", err
			}
			if at.After(began) && (first.IsZero() || at.Before(first)) {
				first, alert = at, fmt.Sprint(e["alert"])
			}
		}
	}
	if first.IsZero() {
		return 0, "", errors.New("nothing changed the count")
	}
	return first.Sub(began), alert, nil
}

var _ e2e.System = (*system)(nil)
