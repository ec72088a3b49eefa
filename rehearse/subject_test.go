package rehearse

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"faas/function"
)

func subjectOf(f Function, gateways int) *subject {
	if f.Name == "" {
		f.Name = "f"
	}
	if len(f.Scaling.Signals) == 0 {
		f.Scaling = function.DefaultScaling()
	}
	s := newSubject(f, rand.New(rand.NewPCG(1, 2)), gateways, 0)
	s.onHeld = func(int) {}
	return s
}

func TestArrivals(t *testing.T) {
	rise := curve{10 * time.Second, func(t time.Duration) float64 { return 100 * t.Seconds() }} // 5,000 in all, but for slices
	for _, c := range []struct {
		name      string
		f         Function
		want, off float64
	}{
		{"even", Function{Curve: flat(10*time.Second, 20), Even: true}, 200, 1},
		{"even and rising", Function{Curve: rise, Even: true}, 4975, 1},
		{"by chance", Function{Curve: flat(10*time.Second, 500)}, 5000, 4 * math.Sqrt(5000)},
		{"by chance and rising", Function{Curve: rise}, 4975, 4 * math.Sqrt(4975)},
		{"none", Function{Curve: flat(10*time.Second, 0)}, 0, 0},
		{"less than none", Function{Curve: flat(10*time.Second, -5)}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := subjectOf(c.f, 1)
			s.advance(10 * time.Second)
			if n := float64(s.score.Requests); math.Abs(n-c.want) > c.off {
				t.Errorf("%g requests arrived, want %g, give or take %g", n, c.want, c.off)
			}
		})
	}
}

func TestArrivalsByChanceScatterAsTheyShould(t *testing.T) {
	s := subjectOf(Function{Curve: flat(time.Hour, 30)}, 1)
	var sum, squares float64
	const n = 3000
	for i := range n {
		before := s.score.Requests
		s.advance(time.Duration(i+1) * time.Second)
		in := float64(s.score.Requests - before)
		sum, squares = sum+in, squares+in*in
	}
	mean := sum / n
	if index := (squares/n - mean*mean) / mean; index < 0.9 || index > 1.1 {
		t.Errorf("the variance is %.3f of the mean, want that of a Poisson process, 1", index)
	}
}

func TestRequestsAreServedInTheirSlots(t *testing.T) {
	s := function.DefaultScaling()
	s.Slots = 2
	// 40 in a second, each 200 ms long: 8 at once, and 3 replicas of 2 slots serve 30 a second.
	sub := subjectOf(Function{Scaling: s, Curve: jump(10*time.Second, 40, time.Second, 0), Even: true, ServiceTime: 200 * ms, Start: 3}, 2)
	sub.advance(time.Second)
	if n := sub.serving.len(); n != 6 {
		t.Errorf("%d are served at once, want 6", n)
	}
	if n := sub.held(); n < 8 || n > 11 {
		t.Errorf("%d wait after a second, want some 10", n)
	}
	sub.scale(6, sub.at)
	sub.advance(sub.at + sub.StartUp)
	sub.settle()
	if n := sub.serving.len(); n < 8 {
		t.Errorf("%d are served by six, want all that there are", n)
	}
	sub.advance(9 * time.Second)
	var done, started, inflight int
	seconds := 0.0
	for _, g := range sub.gateways {
		done, started, inflight, seconds = done+g.completed, started+g.started, inflight+g.inflight, seconds+g.inflightSeconds
	}
	if started != sub.score.Requests || done != started || inflight != 0 {
		t.Errorf("of %d requests %d were served and %d are under way, want all to be served", started, done, inflight)
	}
	if want := float64(done)*0.2 + sub.score.WaitedSeconds; math.Abs(seconds-want) > 1e-6 {
		t.Errorf("%.6f request-seconds, want %.6f: the service and the waiting", seconds, want)
	}
	if sub.gateways[0].started == 0 || sub.gateways[1].started == 0 {
		t.Error("a gateway got nothing")
	}
}

func TestGatewaysLetOnlySoManyWait(t *testing.T) {
	sub := subjectOf(Function{Curve: jump(10*time.Minute, 500, 3*time.Second, 0), Even: true, Start: -1}, 1)
	sub.advance(3 * time.Second)
	if n := sub.held(); n != maxHeld {
		t.Errorf("%d wait, want %d", n, maxHeld)
	}
	if n := sub.score.Requests - maxHeld; sub.score.Refused != n {
		t.Errorf("%d were refused, want the other %d", sub.score.Refused, n)
	}
	sub.advance(2 * time.Minute)
	if sub.held() > 0 || sub.score.Refused != sub.score.Requests || sub.gateways[0].inflight != 0 {
		t.Errorf("%d wait still, want all to have given up", sub.held())
	}
}

func TestScore(t *testing.T) {
	s := function.DefaultScaling() // 5 per replica, 4.5 planned
	sub := subjectOf(Function{Scaling: s, Curve: jump(20*time.Second, 9, 10*time.Second, 36), Even: true}, 1)
	sub.advance(12 * time.Second)
	sub.score.change(12*time.Second, 2, 6)
	sub.scale(6, 12*time.Second)
	sub.advance(12*time.Second + sub.StartUp)
	sub.settle()
	sub.advance(16 * time.Second)
	sub.score.change(16*time.Second, 6, 8)
	sub.scale(8, 16*time.Second)
	sub.advance(18 * time.Second)
	sub.score.change(18*time.Second, 8, 7)
	sub.advance(20 * time.Second)
	got := sub.score.Score
	if math.Abs(got.OverCapacity-(2*26+4*6)) > 0.01 || got.TimeOverCapacity != 6*time.Second {
		t.Errorf("%.2f requests in %s over capacity, want 26 a second for 2 s and 6 a second for 4 s", got.OverCapacity, got.TimeOverCapacity)
	}
	if math.Abs(got.ReplicaSeconds-(12*2+4*6+4*8)) > 1e-6 || math.Abs(got.LeastReplicaSeconds-(10*2+10*8)) > 1e-6 {
		t.Errorf("%g replica-seconds of at least %g, want 80 of 100", got.ReplicaSeconds, got.LeastReplicaSeconds)
	}
	if got.Actions != 3 || got.DirectionChanges != 1 {
		t.Errorf("%d actions, %d turns, want 3 and 1", got.Actions, got.DirectionChanges)
	}
	if got.FirstChange != 12*time.Second || got.Reaction != 2*time.Second {
		t.Errorf("first change at %s after %s, want 12s and 2s", got.FirstChange, got.Reaction)
	}
}

func TestClock(t *testing.T) {
	var c clock
	var got []time.Duration
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		c.at(time.Duration(r.IntN(100)), func() {
			got = append(got, c.now)
			if c.now == 50 {
				c.at(10, func() { got = append(got, c.now) }) // in the past: now
			}
		})
	}
	for c.step(90) {
	}
	for i := 1; i < len(got); i++ {
		if got[i] < got[i-1] {
			t.Fatalf("event %d comes at %d, after one at %d", i, got[i], got[i-1])
		}
	}
	if got[len(got)-1] != 89 {
		t.Errorf("the last event is that of %d, want 89", got[len(got)-1])
	}
	var order []int
	for i := range 10 {
		c.at(200, func() { order = append(order, i) })
	}
	for c.step(201) {
	}
	for i, o := range order {
		if i != o {
			t.Fatalf("events of one moment come as %v, want the order in which they were planned", order)
		}
	}
}
