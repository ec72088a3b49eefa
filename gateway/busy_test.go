package gateway

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"faas/function"
)

func TestBusy(t *testing.T) {
	began := time.Now()
	later := func(d time.Duration) time.Time { return began.Add(d) }
	for _, c := range []struct {
		name   string
		zero   time.Duration // the function's zero-duration
		queued int           // -1: not known
		happen func(s *series)
		since  time.Time
		want   string
	}{
		{name: "idle for long", since: later(time.Minute)},
		{name: "this gateway is new", since: later(time.Second), want: "this gateway began to serve it too late for the alert to know"},
		{
			name: "in flight", since: later(time.Minute),
			happen: func(s *series) { s.begin(began); s.begin(began) }, want: "2 in flight here, 0 of them held",
		},
		{name: "queued", since: later(time.Minute), queued: 3, want: "3 in the queue"},
		{name: "nobody knows what is queued", since: later(time.Minute), queued: -1, want: "the queue is away: nobody knows what waits"},
		{
			name: "arrived after the alert began", since: later(time.Minute),
			happen: func(s *series) { visit(s, later(61*time.Second)) }, want: "an invocation arrived too late for the alert to know",
		},
		{
			name: "arrived after the scrape that the alert rests on", since: later(time.Minute),
			happen: func(s *series) { visit(s, later(59*time.Second)) }, want: "an invocation arrived too late for the alert to know",
		},
		{name: "arrived long before", since: later(time.Minute), happen: func(s *series) { visit(s, later(50*time.Second)) }},
		{
			name: "arrived as long before as the function wants", since: later(time.Minute), zero: time.Second,
			happen: func(s *series) { visit(s, later(59*time.Second)) },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := status("f")
			if c.zero > 0 {
				f.Labels = map[string]string{"com.openfaas.scale.zero-duration": c.zero.String()}
			}
			g := start(t, newFakeBackend(f), func(o *Options) {
				o.QueueDepth = func(string) (int, bool) { return max(0, c.queued), c.queued >= 0 }
			})
			s := g.routes.lookup("f").series
			s.lastArrival.Store(began.UnixNano())
			if c.happen != nil {
				c.happen(s)
			}
			if got := g.Busy("f", c.since); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestNobodyIsBusyWhoIsNotThere(t *testing.T) {
	g := start(t, newFakeBackend(), nil)
	waitFor(t, "the functions to be known", g.routes.isLoaded)
	if got := g.Busy("ghost", time.Now()); got != "" {
		t.Errorf("%q, want nothing", got)
	}
	fresh := &Gateway{routes: newTable(routeOptions{})}
	if got, want := fresh.Busy("ghost", time.Now()), "this gateway does not know its functions yet"; got != want {
		t.Errorf("%q of a gateway that was just started, want %q", got, want)
	}
}

func TestNothingIsQueuedWithoutAQueue(t *testing.T) {
	g := start(t, newFakeBackend(status("f")), nil)
	waitFor(t, "the functions to be known", g.routes.isLoaded)
	if got := g.Busy("f", time.Now().Add(time.Hour)); got != "" {
		t.Errorf("%q, want nothing", got)
	}
}

// visit is an invocation that was answered at once.
func visit(s *series, now time.Time) {
	s.begin(now)
	s.end(now, now, http.StatusOK)
}

// A request in flight when its function is put to sleep is answered, and one that is held then wakes it again.
func TestPutToSleepWithRequestsUnderWay(t *testing.T) {
	finish := make(chan struct{})
	before := narrow(t, 1, finish)
	b := newFakeBackend(before)
	var wakes atomic.Int64
	b.onScale = func(string, int) {
		wakes.Add(1)
		woken := status("narrow", replica(t, echo))
		b.set(woken)
	}
	g := start(t, b, nil)
	first := g.crowd(t, "narrow", 1)
	route := g.routes.lookup("narrow")
	waitFor(t, "the first to arrive", func() bool { return route.load().Inflight == 1 })
	second := g.crowd(t, "narrow", 1)
	waitFor(t, "the second to be held", func() bool { return route.gate.Held() == 1 })
	if got, want := g.Busy("narrow", time.Now().Add(time.Hour)), "2 in flight here, 1 of them held"; got != want {
		t.Errorf("busy with %q, want %q", got, want)
	}

	asleep := before // somebody orders it all the same
	asleep.Desired = 0
	asleep.Replicas = []function.Replica{before.Replicas[0]}
	asleep.Replicas[0].State = function.ReplicaDraining
	b.set(asleep)
	second() // on a replica that it woke; the first still holds its own
	if wakes.Load() != 1 {
		t.Errorf("woken %d times, want once", wakes.Load())
	}
	close(finish)
	first()
}
