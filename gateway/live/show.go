package live

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"faas/api"
)

const (
	tickEvery = time.Second
	// tickAtMost is how soon after a look at the functions there is another, for a page that comes. All pages may come at once, and
	// each look is told to those that are there.
	tickAtMost = 100 * time.Millisecond
	// patience is how long the first page waits for the first answers, so that it does not show for a moment that nothing is known.
	patience = 300 * time.Millisecond
	// decisionsShown is how many a page that comes is told of.
	decisionsShown = 100
)

// show is the time in which somebody watches, and all that is known meanwhile. One goroutine has it, that of run.
type show struct {
	hub      *Hub
	watchers map[*Watcher]bool
	focuses  map[string]*focus
	updates  chan func() // from those who ask others: run calls them
	asking   sync.WaitGroup
	pending  int // of those who ask, how many have had no answer yet

	table     table
	ticked    time.Time  // when it was brought up to date
	all       []byte     // the event about all of it as of then; nil: nobody wanted it yet
	decisions []decision // oldest first
	control   api.PortalControl
	alerts    []byte // the last event; nil: none yet
	told      api.PortalAlerts

	// What went wrong with asking. Empty: nothing.
	ratesFailed, alertsFailed string
}

// decision is one in JSON.
type decision struct {
	id   int64
	json []byte
}

// focus is a function that pages are about.
type focus struct {
	watchers int
	last     []byte // its event
	stop     context.CancelFunc
}

func newShow(h *Hub) *show {
	return &show{
		hub: h, watchers: map[*Watcher]bool{}, focuses: map[string]*focus{}, updates: make(chan func()),
		table: newTable(), control: api.PortalControl{},
	}
}

// run serves until nobody watches any more, or ctx ends. Whoever asks for it has ended when it returns.
func (s *show) run(ctx context.Context, first *Watcher) {
	ctx, cancel := context.WithCancel(ctx)
	defer s.asking.Wait()
	defer cancel()
	defer func() {
		for w := range s.watchers {
			close(w.frames)
		}
	}()
	now := time.Now()
	s.table.look(s.hub.opts.Functions(now), now)
	s.ask(ctx)
	s.awaitFirst(ctx)
	s.control = s.controlNow()
	now = time.Now()
	s.tick(now)
	s.admit(ctx, first, now)
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case w := <-s.hub.joins:
			now := time.Now()
			if now.Sub(s.ticked) >= tickAtMost {
				s.send(s.tick(now)) // so that what the newcomer gets is what the others have
			}
			s.admit(ctx, w, now)
		case w := <-s.hub.leaves:
			if s.dismiss(w); len(s.watchers) == 0 {
				return
			}
		case update := <-s.updates:
			update()
		case now := <-tick.C:
			s.send(s.tick(now))
			s.tellControl()
		}
	}
}

// awaitFirst takes in what comes until everybody who asks has had an answer, or patience is over.
func (s *show) awaitFirst(ctx context.Context) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for s.pending > 0 {
		select {
		case update := <-s.updates:
			update()
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// admit sends a newcomer everything.
func (s *show) admit(ctx context.Context, w *Watcher, now time.Time) {
	s.watchers[w] = true
	w.offer(appendEvent(nil, "hello", mustJSON(s.hub.opts.Hello(now))))
	w.offer(s.full(now))
	frame := []byte("event: decisions\ndata: [")
	for i, d := range s.decisions {
		if i > 0 {
			frame = append(frame, ',')
		}
		frame = append(frame, d.json...)
	}
	frame = append(frame, "]\n\n"...)
	frame = appendEvent(frame, "control", mustJSON(s.control))
	frame = append(frame, s.alerts...)
	if w.function != "" && s.hub.opts.Detail != nil {
		f := s.focuses[w.function]
		if f == nil {
			f = &focus{}
			s.focuses[w.function] = f
			s.detail(ctx, w.function, f)
		}
		f.watchers++
		frame = append(frame, f.last...)
	}
	w.offer(frame) // it has room for the first ones
}

// dismiss forgets a watcher, which may have been let go before.
func (s *show) dismiss(w *Watcher) {
	if !s.watchers[w] {
		return
	}
	delete(s.watchers, w)
	close(w.frames)
	if f := s.focuses[w.function]; f != nil {
		if f.watchers--; f.watchers == 0 {
			f.stop()
			delete(s.focuses, w.function)
		}
	}
}

// send gives a frame to all watchers. One that has no room is let go: it comes back, and gets everything anew.
func (s *show) send(frame []byte) { s.sendTo("", frame) }

// sendTo gives a frame to those whose page is about a function, or to all.
func (s *show) sendTo(name string, frame []byte) {
	for w := range s.watchers {
		if (name == "" || w.function == name) && !w.offer(frame) {
			s.hub.dropped.Inc()
			s.dismiss(w)
		}
	}
}

// tick looks at the functions and returns the event about what changed.
func (s *show) tick(now time.Time) []byte {
	s.table.alone, s.ticked, s.all = s.hub.opts.Alone(), now, nil
	return s.table.tick(s.hub.opts.Functions(now), now)
}

// full returns the event about all functions, as of the last tick. Pages that come at once share it: it may have megabytes.
func (s *show) full(now time.Time) []byte {
	if s.all == nil {
		s.all = s.table.full(now)
	}
	return s.all
}

// decided takes in decisions, of which some may be known.
func (s *show) decided(events []api.ScaleEvent) {
	for _, e := range events {
		d := decision{e.ID, mustJSON(e)}
		at, known := slices.BinarySearchFunc(s.decisions, e.ID, func(d decision, id int64) int { return int(d.id - id) })
		switch {
		case known && string(s.decisions[at].json) == string(d.json):
			continue
		case known:
			s.decisions[at] = d
		default:
			s.decisions = slices.Insert(s.decisions, at, d)
		}
		s.send(appendEvent(nil, "decision", d.json))
	}
	s.decisions = s.decisions[max(0, len(s.decisions)-decisionsShown):]
}

// alerted takes in what Alertmanager has.
func (s *show) alerted(a api.PortalAlerts) error {
	if s.alerts != nil && same(s.told, a) {
		return nil
	}
	data, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("show alerts: %w", err)
	}
	s.told, s.alerts = a, appendEvent(nil, "alerts", data)
	s.send(s.alerts)
	return nil
}

// same reports whether two say the same but for the times at which Prometheus sent its alerts again.
func same(a, b api.PortalAlerts) bool {
	strip := func(p api.PortalAlerts) []byte {
		p.Now = 0
		p.Alerts = slices.Clone(p.Alerts)
		for i := range p.Alerts {
			p.Alerts[i].EndsAt, p.Alerts[i].UpdatedAt = time.Time{}, time.Time{}
		}
		text, _ := json.Marshal(p) // where that fails it is another, and the failure is told there
		return text
	}
	return bytes.Equal(strip(a), strip(b))
}

func (s *show) tellControl() {
	if now := s.controlNow(); now != s.control {
		s.control = now
		s.send(appendEvent(nil, "control", mustJSON(now)))
	}
}

func (s *show) controlNow() api.PortalControl {
	word := func(failed string) string {
		if failed == "" {
			return "ok"
		}
		return failed
	}
	c := api.PortalControl{Loop: "ok", Rates: word(s.ratesFailed), Alerts: word(s.alertsFailed)}
	if err := s.hub.opts.ControlLoop(); err != nil {
		c.Loop = err.Error()
	}
	if s.hub.opts.Rates == nil {
		c.Rates = "the gateway was not told where Prometheus is (--prometheus)"
	}
	if s.hub.opts.Alerts == nil {
		c.Alerts = "the gateway was not told where Alertmanager is (--alertmanager)"
	}
	return c
}

// appendEvent appends a server-sent event. JSON has no line ends.
func appendEvent(dst []byte, name string, data []byte) []byte {
	dst = append(append(append(dst, "event: "...), name...), "\ndata: "...)
	return append(append(dst, data...), "\n\n"...)
}

// mustJSON encodes what can always be: what this package and the gateway make of finite numbers and their own times.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("live: " + err.Error())
	}
	return b
}

func appendMillis(dst []byte, t time.Time) []byte { return strconv.AppendInt(dst, t.UnixMilli(), 10) }
