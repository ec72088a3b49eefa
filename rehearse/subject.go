package rehearse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"faas/gateway/overload"
)

// subject is a function that is rehearsed: its requests, its replicas and what is counted of them.
//
// Nothing about it depends on another function, so it stands still until somebody looks at it or changes it, and then
// plays what happened since.
type subject struct {
	Function
	chance   *rand.Rand
	arrivals *arrivals
	at       time.Duration // how far it was played
	// onHeld is called for a request that finds no replica, or all slots taken, with its gateway.
	onHeld func(gateway int)

	desired  int
	replicas []replica // the oldest first
	ready    int       // so many of them take requests
	created  int

	gateways []gatewayCounts
	serving  fifo
	busy     float64 // core seconds that each ready replica has used since the beginning
	worked   float64 // seconds that requests were served
	waits    bool    // an event is planned for its next request

	score      tally
	sincePoint int // arrivals
	lastPoint  time.Duration
	points     []Point
}

// replica is one of a function's.
type replica struct {
	id      string
	readyAt time.Duration
	busy    float64 // the function's when it became ready
}

// gatewayCounts is what a gateway counts of a function.
type gatewayCounts struct {
	started, completed int
	inflight, held     int
	inflightSeconds    float64
	inflightSquares    float64 // requests² × seconds
	last               time.Duration
	waiting            fifo
	overload           *overload.LastWish
}

// request is one that is served or waits: by which gateway, and until or since when.
type request struct {
	gateway int
	at      time.Duration
}

// never is later than any end, and its opposite before any beginning; their difference is a duration still.
const never = time.Duration(math.MaxInt64 / 2)

func newSubject(f Function, chance *rand.Rand, gateways int, begin time.Duration) *subject {
	s := &subject{
		Function: f, chance: chance, arrivals: newArrivals(&f, chance, begin), at: begin,
		gateways: make([]gatewayCounts, gateways),
	}
	for g := range s.gateways {
		s.gateways[g].last, s.gateways[g].overload = begin, new(overload.LastWish)
	}
	start := f.Start
	if start == 0 {
		start = f.least(s.arrivals.rate, 0)
	}
	s.resize(max(start, 0), begin)
	for i := range s.replicas { // they have been there
		s.replicas[i].readyAt, s.replicas[i].busy = begin, 0
	}
	s.ready = len(s.replicas)
	s.score = newTally(s)
	return s
}

// advance plays everything up to and including to.
func (s *subject) advance(to time.Duration) {
	for {
		longest := s.longest()
		next, done, tired := s.arrivals.next, s.serving.first().at, longest.first().at+holdTimeout
		switch {
		case done <= min(next, tired, to):
			s.elapse(done)
			s.complete()
		case tired <= min(next, to):
			s.elapse(tired)
			s.refuse(longest.pop())
		case next <= to:
			s.elapse(next)
			if s.arrivals.arriving {
				s.arrive()
				s.arrivals.advance()
				continue
			}
			s.arrivals.advance()
			s.score.update(s)
		default:
			s.elapse(to)
			return
		}
	}
}

// elapse counts the time to t, in which nothing happens.
func (s *subject) elapse(t time.Duration) {
	d := (t - s.at).Seconds()
	if d <= 0 {
		return
	}
	for g := range s.gateways {
		n := float64(s.gateways[g].inflight)
		s.gateways[g].inflightSeconds += n * d
		s.gateways[g].inflightSquares += n * n * d
	}
	s.worked += float64(s.serving.len()) * d
	if s.ready > 0 {
		s.busy += float64(s.serving.len()) * s.CPUPerRequest / 1000 * d / float64(s.ready)
	}
	s.score.elapse(s, t)
	s.at = t
}

func (s *subject) arrive() {
	g := s.entrance()
	if s.at > 0 { // the warm-up has no points
		s.sincePoint++
	}
	s.gateways[g].started++
	s.gateways[g].inflight++
	s.gateways[g].last = s.at
	s.gateways[g].held++
	if s.at >= 0 {
		s.score.Requests++
	}
	waiting := &s.gateways[g].waiting
	waiting.push(request{g, s.at})
	s.serve()
	switch {
	case waiting.len() == 0:
	case s.gateways[g].held > maxHeld:
		s.refuse(waiting.drop())
	default:
		s.score.wait(s)
		s.onHeld(g)
	}
}

// entrance is the gateway that the next request comes to.
func (s *subject) entrance() int {
	others := len(s.gateways) - 1
	if others == 0 || s.Skew > 0 && s.chance.Float64() < s.Skew {
		return 0
	}
	return s.chance.IntN(others + 1)
}

// longest are the requests that wait at one gateway, that with the oldest of all.
func (s *subject) longest() *fifo {
	oldest := &s.gateways[0].waiting
	for g := range s.gateways {
		if q := &s.gateways[g].waiting; q.first().at < oldest.first().at {
			oldest = q
		}
	}
	return oldest
}

// What a gateway does with requests that wait, by default: for how long, and how many of a function.
const (
	holdTimeout = time.Minute
	maxHeld     = 1000
)

// refuse answers a request that waited in vain, or that nobody lets wait.
func (s *subject) refuse(r request) {
	g := &s.gateways[r.gateway]
	g.held--
	g.inflight--
	if s.at >= 0 {
		s.score.Refused++
	}
}

// serve gives waiting requests to replicas. A gateway lends its part of their slots.
func (s *subject) serve() {
	part := s.part()
	for i := range s.gateways {
		g := &s.gateways[i]
		for g.waiting.len() > 0 && s.ready > 0 && (part == 0 || g.inflight-g.held < part*s.ready) {
			r := g.waiting.pop()
			g.held--
			s.score.waited(s, r)
			s.serving.push(request{r.gateway, s.at + s.ServiceTime})
		}
	}
}

// part is how many slots of a replica each gateway lends. 0: any number.
func (s *subject) part() int {
	if s.Scaling.Slots == 0 {
		return 0
	}
	return max(1, s.Scaling.Slots/len(s.gateways))
}

// held is how many requests wait, at all gateways.
func (s *subject) held() int {
	n := 0
	for g := range s.gateways {
		n += s.gateways[g].held
	}
	return n
}

// seen is what a gateway knows of the function.
func (s *subject) seen(gateway int) overload.Load {
	counts := &s.gateways[gateway]
	return overload.Load{
		Inflight: counts.inflight, Held: counts.held, Usable: s.ready, Desired: s.desired, Slots: s.part(), Max: s.Scaling.Max,
	}
}

func (s *subject) complete() {
	g := &s.gateways[s.serving.pop().gateway]
	g.inflight--
	g.completed++
	s.serve()
}

// scale orders a count. Replicas that go are gone at once; requests that they serve end well.
func (s *subject) scale(n int, now time.Duration) {
	s.advance(now)
	lowered := n < s.desired
	s.resize(n, now)
	for g := range s.gateways {
		if lowered {
			s.gateways[g].overload.Forget()
		}
	}
	s.settle()
}

func (s *subject) resize(n int, now time.Duration) {
	for len(s.replicas) < n {
		s.created++
		s.replicas = append(s.replicas, replica{id: fmt.Sprintf("%s.%d", s.Name, s.created), readyAt: now + s.StartUp, busy: -1})
	}
	s.replicas = s.replicas[:n]
	s.desired = n
}

// settle counts the replicas that are ready now.
func (s *subject) settle() {
	s.ready = 0
	for i := range s.replicas {
		r := &s.replicas[i]
		if r.readyAt > s.at {
			break
		}
		if r.busy < 0 {
			r.busy = s.busy
		}
		s.ready++
	}
	s.serve()
	s.score.update(s)
}

// cumulated is what all gateways counted.
func (s *subject) cumulated() (requests, requestSeconds float64) {
	for _, g := range s.gateways {
		requests += float64(g.started)
		requestSeconds += g.inflightSeconds
	}
	return requests, requestSeconds
}

// fifo is a queue of requests.
type fifo struct {
	list []request
	from int
}

func (q *fifo) len() int { return len(q.list) - q.from }

// first is the oldest, or one that is never due.
func (q *fifo) first() request {
	if q.len() == 0 {
		return request{at: never}
	}
	return q.list[q.from]
}

func (q *fifo) push(r request) {
	if q.from > 0 && len(q.list) == cap(q.list) {
		q.list, q.from = q.list[:copy(q.list, q.list[q.from:])], 0
	}
	q.list = append(q.list, r)
}

func (q *fifo) pop() request {
	r := q.list[q.from]
	if q.from++; q.from == len(q.list) {
		q.list, q.from = q.list[:0], 0
	}
	return r
}

// drop takes the newest.
func (q *fifo) drop() request {
	r := q.list[len(q.list)-1]
	q.list = q.list[:len(q.list)-1]
	return r
}
