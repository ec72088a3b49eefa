package live

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"faas/api"
)

const (
	// loadsEvery and answersEvery are how often Prometheus is asked for these, alertsEvery how often Alertmanager is, and
	// detailEvery how often all about a function is put together.
	loadsEvery   = time.Second
	answersEvery = 5 * time.Second
	alertsEvery  = time.Second
	detailEvery  = time.Second
	// askTimeout bounds one question.
	askTimeout = 4 * time.Second
)

// ask starts those who ask others, until ctx ends.
func (s *show) ask(ctx context.Context) {
	o := s.hub.opts
	if o.Decisions != nil {
		answered := s.pend()
		s.asking.Go(func() {
			o.Decisions(ctx, decisionsShown, func(events []api.ScaleEvent) {
				s.update(ctx, func() {
					s.decided(events)
					answered()
				})
			})
		})
	}
	if o.Alerts != nil {
		s.every(ctx, alertsEvery, func(ctx context.Context) func() {
			alerts, err := o.Alerts.Alerts(ctx, time.Now())
			return func() {
				if err == nil {
					err = s.alerted(alerts)
				}
				s.alertsFailed = words(err)
			}
		})
	}
	if o.Rates == nil {
		return
	}
	answered := s.pend()
	s.asking.Go(func() { s.askPast(ctx, answered) })
	s.every(ctx, loadsEvery, func(ctx context.Context) func() {
		loads, err := o.Rates.Loads(ctx)
		return func() {
			if s.ratesFailed = words(err); err == nil {
				s.table.loads, s.table.loadsAt = loads, time.Now()
			}
		}
	})
	s.every(ctx, answersEvery, func(ctx context.Context) func() {
		answers, err := o.Rates.Answers(ctx)
		return func() {
			if err == nil { // else that of the loads says it
				s.table.answers, s.table.answersAt = answers, time.Now()
			}
		}
	})
}

// askPast asks for the sparklines, until they are known, and sends everything anew then.
func (s *show) askPast(ctx context.Context, answered func()) {
	for ctx.Err() == nil {
		asked, cancel := context.WithTimeout(ctx, askTimeout)
		now := time.Now()
		past, err := s.hub.opts.Rates.Past(asked, now)
		cancel()
		if err == nil {
			s.update(ctx, func() {
				s.table.fill(past, now)
				now := time.Now()
				s.send(s.tick(now))
				s.send(s.full(now))
				answered()
			})
			return
		}
		s.update(ctx, answered)
		s.hub.opts.Log.Debug("sparklines cannot be read", "err", err)
		sleep(ctx, answersEvery)
	}
}

// detail puts together all about a function, while a page is about it.
func (s *show) detail(ctx context.Context, name string, f *focus) {
	ctx, f.stop = context.WithCancel(ctx)
	s.every(ctx, detailEvery, func(ctx context.Context) func() {
		data, err := json.Marshal(s.hub.opts.Detail(ctx, name, time.Now()))
		if err != nil { // a number that JSON does not have, say: no reason to take the gateway down
			s.hub.opts.Log.Error("function cannot be shown", "function", name, "err", err)
			return func() {}
		}
		event := appendEvent(nil, "function", data)
		return func() {
			f.last = event
			s.sendTo(name, event)
		}
	})
}

// pend notes one more who asks. What it returns is to be called with the first answer, by run, and does nothing later.
func (s *show) pend() (answered func()) {
	s.pending++
	return sync.OnceFunc(func() { s.pending-- })
}

// every asks at once and then regularly until ctx ends. What ask returns takes in the answer.
func (s *show) every(ctx context.Context, d time.Duration, ask func(context.Context) func()) {
	answered := s.pend()
	s.asking.Go(func() {
		tick := time.NewTicker(d)
		defer tick.Stop()
		for {
			asked, cancel := context.WithTimeout(ctx, askTimeout)
			update := ask(asked)
			cancel()
			s.update(ctx, func() {
				update()
				answered()
			})
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}

// update has run call f, unless ctx ends before.
func (s *show) update(ctx context.Context, f func()) {
	if ctx.Err() != nil {
		return // an answer that was broken off says nothing
	}
	select {
	case s.updates <- f:
	case <-ctx.Done():
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// words is what is said of an error, in one line.
func words(err error) string {
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}
