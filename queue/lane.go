package queue

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// maxLaneLimit bounds what a function may ask for at once.
	maxLaneLimit = 1000
	// maxBatch and maxBatchBytes bound what is fetched together.
	maxBatch      = 32
	maxBatchBytes = 32 << 20
	// idleLane is after how long without calls a lane ends.
	idleLane = 30 * time.Second
	// slack is what the server needs to have a call ready whose wait is over.
	slack = 25 * time.Millisecond
)

// lane makes the calls of one function, several at once. It is one goroutine, and one more for each call.
//
//	woken ─▶ places: one of its own, and of the common room ─▶ fetch as many ─▶ each is delivered
//	  ▲                                                               │ fewer than places
//	  └───────────── a call came, one ended, one may be tried again ──┘
type lane struct {
	dispatcher *dispatcher
	work       *worker
	function   string
	woken      chan struct{} // has room for one
	own        chan struct{} // the lane's own place, in which no other function can be; empty while it is taken
	line       line          // of answers on their way to a callback

	mu     sync.Mutex
	making int // places that are taken: calls at the function
	common int // of these, places in the common room
	pace   pace
	gone   time.Time // when it was told last that there is no such function

	all sync.WaitGroup // of deliveries
}

func newLane(d *dispatcher, function string) *lane {
	l := &lane{
		dispatcher: d, work: d.work, function: function,
		woken: make(chan struct{}, 1), own: make(chan struct{}, 1),
	}
	l.own <- struct{}{}
	return l
}

func (l *lane) signal() {
	select {
	case l.woken <- struct{}{}:
	default: // it is told already
	}
}

func (l *lane) underWay() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.making + l.line.count()
}

// run makes calls until ctx ends, or for a while there were none. Those under way may go on until hard ends.
func (l *lane) run(ctx, hard context.Context) {
	defer l.all.Wait()
	var from jetstream.Consumer
	for ctx.Err() == nil {
		want, until := l.wanted(time.Now())
		if want == 0 {
			l.wait(ctx, until)
			continue
		}
		places := l.take(ctx, want)
		if places == 0 {
			continue
		}
		messages, err := l.fetch(ctx, &from, places)
		for _, m := range messages {
			l.begin(hard, m)
		}
		l.giveBack(places - len(messages))
		if err != nil {
			from = nil
			l.wait(ctx, time.Now().Add(look))
			continue
		}
		if len(messages) < places && l.wait(ctx, time.Now().Add(idleLane)) && l.dispatcher.retire(l) {
			return
		}
	}
}

// wanted is how many more calls may be made at now, and when to look again where it is none (zero: when told to).
func (l *lane) wanted(now time.Time) (n int, until time.Time) {
	limit := l.limit()
	l.mu.Lock()
	defer l.mu.Unlock()
	allowed, until := l.pace.room(now, limit)
	most := max(1, int(maxBatchBytes/l.work.opts.MaxBody))
	return max(0, min(allowed-l.making, maxBatch, most)), until
}

// limit is how many calls of the function may be under way. One of a function that is unknown, or that may have none, is
// tried all the same: it fails, or wakes it.
func (l *lane) limit() int {
	n, _ := l.work.opts.Limit(l.function)
	return max(1, min(n, maxLaneLimit))
}

// wait waits to be woken, or until a time unless that is zero. It reports whether the time came.
func (l *lane) wait(ctx context.Context, until time.Time) bool {
	var late <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-l.woken:
		return false
	case <-ctx.Done():
		return false
	case <-late:
		return true
	}
}

// take takes up to n places, and waits until it has one; none when ctx ended.
func (l *lane) take(ctx context.Context, n int) int {
	room, own := l.dispatcher.room, 0
	select {
	case <-l.own:
		own = 1
	default:
	}
	common := room.take(n - own)
	if own+common == 0 {
		t := room.ask()
		select {
		case <-t.granted:
			common = 1
		case <-l.own:
			own = 1
			room.cancel(t)
		case <-ctx.Done():
			room.cancel(t)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.making += own + common
	l.common += common
	return own + common
}

// giveBack gives n places back, the lane's own last.
func (l *lane) giveBack(n int) {
	if n == 0 {
		return
	}
	l.mu.Lock()
	common := min(n, l.common)
	l.making -= n
	l.common -= common
	l.mu.Unlock()
	l.dispatcher.room.release(common)
	if n > common {
		l.own <- struct{}{}
	}
}

// fetch gets up to n calls that are there now.
func (l *lane) fetch(ctx context.Context, from *jetstream.Consumer, n int) ([]jetstream.Msg, error) {
	if *from == nil {
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		defer cancel()
		c, err := l.work.store.consumer(ctx, l.function, l.work.opts.AckWait)
		if err != nil {
			l.work.log.Debug("no delivery of calls, trying again", "function", l.function, "err", err)
			return nil, err
		}
		*from = c
	}
	batch, err := (*from).FetchNoWait(n)
	if err != nil {
		return nil, err
	}
	var messages []jetstream.Msg
	for m := range batch.Messages() {
		messages = append(messages, m)
	}
	return messages, batch.Error()
}

// begin makes the call of one message, in a place that is given back when the function has answered.
func (l *lane) begin(hard context.Context, m jetstream.Msg) {
	d := &delivery{work: l.work, lane: l, receipt: receipt{l.work.store.conn, m.Reply()}, message: m}
	l.all.Go(func() {
		d.run(hard)
		if d.inLine {
			l.line.leave(d.host)
		} else {
			l.giveBack(1)
		}
		l.signal()
	})
}

// join changes the place of a call that was made for one in the line of those whose callback follows. False: there is no
// room for another answer to host, and the call keeps its place. One without a callback has its place until the server has
// noted its end: else calls would be made faster than noted, and be delivered again.
func (l *lane) join(host string) bool {
	if !l.line.join(host) {
		return false
	}
	l.giveBack(1)
	l.signal()
	return true
}

// learn sets the pace by how a call ended. refused: the platform had no room for it.
func (l *lane) learn(refused bool) {
	limit := l.limit()
	l.mu.Lock()
	defer l.mu.Unlock()
	if refused {
		l.pace.refused(time.Now())
	} else {
		l.pace.answered(limit)
	}
}

// againAfter wakes the lane when the server will have a call again.
func (l *lane) againAfter(d time.Duration) { time.AfterFunc(d+slack, l.signal) }

// tellGone reports whether to tell that the function is no more: not for each of thousands of calls.
func (l *lane) tellGone(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.gone) < time.Minute {
		return false
	}
	l.gone = now
	return true
}

// backoff is how long a call waits after the attempt of that number.
func (l *lane) backoff(attempt int) time.Duration {
	c := l.work.opts.Config
	return backoff(attempt, c.FirstWait, c.MaxWait, rand.Float64()) //nolint:gosec // no secret
}
