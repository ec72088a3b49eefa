package e2e

import (
	"context"
	"math"
	"net/http"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// load is an open loop of requests to one function: the next is sent when it is due, however long the
// last one takes, as independent users do. A closed loop would slow down with the system and hide it.
type load struct {
	function string
	steps    []rateStep
}

// rateStep is a rate in requests per second from a moment of the scenario on.
type rateStep struct {
	from time.Duration
	rate float64
}

// run offers the load and records every answer.
func (l *load) run(ctx context.Context, sys System, rec *Recording) {
	attacker := vegeta.NewAttacker(
		vegeta.Timeout(30*time.Second), vegeta.Workers(20), vegeta.MaxWorkers(500), vegeta.Connections(500),
		vegeta.KeepAlive(true), vegeta.Redirects(vegeta.NoFollow),
	)
	targeter := func(t *vegeta.Target) error {
		t.Method, t.URL = http.MethodGet, sys.Gateway()+"/function/"+l.function
		return nil
	}
	end := l.steps[len(l.steps)-1].from
	results := attacker.Attack(targeter, stepPacer(l.steps), 0, l.function)
	timeout := time.NewTimer(time.Until(rec.start.Add(end + 35*time.Second)))
	defer timeout.Stop()
	for {
		select {
		case res, more := <-results:
			if !more {
				return
			}
			rec.answer(l.function, res)
		case <-ctx.Done():
			attacker.Stop()
		case <-timeout.C:
			attacker.Stop()
		}
	}
}

// stepPacer paces requests at the rate of the step that the time is in. It implements vegeta.Pacer.
type stepPacer []rateStep

// Pace implements vegeta.Pacer: how long to wait before the next hit, given how many were sent.
func (p stepPacer) Pace(elapsed time.Duration, hits uint64) (time.Duration, bool) {
	due := float64(hits + 1)
	for i, s := range p {
		if i+1 == len(p) {
			return 0, true // the last step only ends the load
		}
		span := (p[i+1].from - s.from).Seconds()
		if n := s.rate * span; due > n || s.rate == 0 {
			due -= n
			continue
		}
		at := s.from + time.Duration(due/s.rate*float64(time.Second))
		return max(0, at-elapsed), false
	}
	return 0, true
}

// Rate implements vegeta.Pacer.
func (p stepPacer) Rate(elapsed time.Duration) float64 {
	rate := math.NaN()
	for _, s := range p {
		if s.from <= elapsed {
			rate = s.rate
		}
	}
	return rate
}
