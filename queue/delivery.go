package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"faas/function"
	"faas/internal/httperr"
)

// The headers of a call, and those of the result at its callback.
const (
	callIDHeader   = "X-Call-Id"
	durationHeader = "X-Duration-Seconds"
	statusHeader   = "X-Function-Status"
	nameHeader     = "X-Function-Name"
)

// maxUnknown is how often a server that is there may not know a call that is done, until it is believed: it lost its data.
const maxUnknown = 20

// worker is what all deliveries share.
type worker struct {
	opts      Options
	log       *slog.Logger
	metrics   *metrics
	invoker   *invoker
	callbacks *callbacks
	store     *store // set before the first delivery
}

// delivery is one attempt at a call.
//
//	delivered ─▶ function ─┬─ answered ──────────────────────▶ callback ─▶ settled
//	                       ├─ gone (404 of the gateway) ─────▶ callback ─▶ settled
//	                       ├─ refused or broken ─┬─ again after a while
//	                       │                     └─ too often: dead letter ─▶ callback ─▶ settled
//	                       └─ stopped ─▶ given back
type delivery struct {
	work    *worker
	lane    *lane
	receipt receipt
	message jetstream.Msg // nil once it is not needed any more
	call    function.Call
	attempt int
	host    string // of the callback
	inLine  bool   // it has a place in lane.line, and none in the lane
}

// verdict is what an attempt means for the call.
type verdict int

const (
	answered verdict = iota // by the function, or for good
	gone                    // there is no such function
	refused                 // the platform could not make it now
	stopped                 // this process ends
	hopeless                // it can never be made
)

func (d *delivery) run(ctx context.Context) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	d.lane.all.Go(func() { d.keep(ctx) })
	r, v, reason := d.make(ctx)
	defer func() { r.close() }()
	if v == refused || v == answered { // the others say nothing of whether the platform has room
		d.lane.learn(v == refused)
	}
	if v == refused && d.attempt < d.most(r) {
		d.retry(reason)
		return
	}
	if d.call.Callback != "" && v != stopped {
		d.inLine = d.lane.join(d.host)
	}
	switch v {
	case stopped:
		d.giveBack(0)
		return
	case refused, hopeless:
		if !d.bury(ctx, reason) {
			return
		}
	case gone:
		d.count(eventGone)
		if d.lane.tellGone(time.Now()) {
			d.work.log.Warn("asynchronous calls given up: the function does not exist any more",
				"function", d.call.Function, "call_id", d.call.ID)
		}
	case answered:
		d.count(eventCompleted)
		d.work.metrics.took(d.call.Function, time.Since(d.call.AcceptedAt))
		d.work.log.Debug("asynchronous call made", "function", d.call.Function, "call_id", d.call.ID,
			"status", r.status, "attempt", d.attempt, "duration", r.duration)
	}
	if r == nil {
		r = platformResult(http.StatusBadGateway, "the call could not be made: "+reason)
	}
	d.finish(ctx, r)
}

// make makes the call once. The result is nil where there is none, and reason says why the verdict is not answered.
func (d *delivery) make(ctx context.Context) (r *result, v verdict, reason string) {
	d.attempt = 1
	if meta, err := d.message.Metadata(); err == nil {
		d.attempt = int(min(meta.NumDelivered, 1<<30))
	}
	var err error
	if d.call, err = decode(d.message.Headers(), d.message.Data()); err != nil {
		return nil, hopeless, "it cannot be read: " + err.Error()
	}
	if u, err := url.Parse(d.call.Callback); err == nil {
		d.host = hostName(u.Hostname())
	}
	if d.attempt > d.work.opts.Config.Attempts { // whoever took it up never said what came of it
		return nil, hopeless, "every gateway that made it went away meanwhile"
	}
	r, err = d.work.invoker.call(ctx, d.call)
	if lost, ok := errors.AsType[*spoolError](err); ok { // the function would be called for nothing again
		d.work.log.Error("the answer of an asynchronous call is lost: it could not be kept for its callback",
			"function", d.call.Function, "call_id", d.call.ID, "err", lost)
		r, err = platformResult(http.StatusInternalServerError, "the answer of the function could not be kept"), nil
		r.final = true
	}
	v = judge(ctx, r, err)
	switch {
	case err != nil:
		reason = err.Error()
	case v != answered:
		reason = fmt.Sprintf("the %s answered %d", r.header.Get(httperr.OriginHeader), r.status)
	}
	return r, v, reason
}

// judge tells what became of an attempt. What the function itself answered is a result whatever its status: only what a
// gateway or a watchdog made, and says so, is tried again.
func judge(ctx context.Context, r *result, err error) verdict {
	switch {
	case ctx.Err() != nil:
		return stopped
	case errors.Is(err, function.ErrInvalid):
		return hopeless
	case err != nil:
		return refused
	case !r.platform, r.final:
		return answered
	case r.status == http.StatusNotFound:
		return gone
	case r.status >= 500, r.status == http.StatusTooManyRequests, r.status == http.StatusRequestTimeout:
		return refused
	}
	return answered // such as 413: it would be so again
}

// most is how often the call may be made where r came of it. After 504 the function may have done all it should, but its
// time was over; after 500 of the watchdog it may have said more than is taken. Both would mostly be so again.
func (d *delivery) most(r *result) int {
	most := d.work.opts.Config.Attempts
	if r != nil && (r.status == http.StatusGatewayTimeout || r.status == http.StatusInternalServerError && r.header.Get(httperr.OriginHeader) == "faas-watchdog") {
		return min(most, 2)
	}
	return most
}

// platformResult is what a callback is told where no function answered.
func platformResult(status int, text string) *result {
	r := &result{
		status: status, platform: true, head: []byte(text + "\n"),
		header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}, httperr.OriginHeader: {httperr.Queue}},
	}
	r.size = int64(len(r.head))
	return r
}

// keep tells the server that the call is being worked on, until ctx ends.
func (d *delivery) keep(ctx context.Context) {
	tick := time.NewTicker(d.work.opts.AckWait / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = d.receipt.progress() // while the server is away nobody can be told, and nobody takes the call up
		}
	}
}

// retry leaves the call to a later attempt.
func (d *delivery) retry(reason string) {
	wait := d.lane.backoff(d.attempt)
	d.count(eventRetried)
	d.work.log.Info("asynchronous call failed, to be tried again", "function", d.call.Function, "call_id", d.call.ID,
		"attempt", d.attempt, "wait", wait, "reason", reason)
	d.giveBack(wait)
}

func (d *delivery) giveBack(wait time.Duration) {
	if err := d.receipt.again(wait); err != nil {
		d.work.log.Debug("call not given back: the server finds out", "call_id", d.call.ID, "err", err)
		return
	}
	if wait > 0 {
		d.lane.againAfter(wait)
	}
}

// bury makes a dead letter of the call. False: that failed, and is tried again.
func (d *delivery) bury(ctx context.Context, reason string) bool {
	letter := died(d.message.Headers(), d.message.Data(), d.lane.function, reason, d.attempt, time.Now())
	if meta, err := d.message.Metadata(); err == nil { // once, should it be buried again after a failure here
		letter.Header.Set(jetstream.MsgIDHeader, fmt.Sprintf("%d-%d", meta.Timestamp.UnixNano(), meta.Sequence.Stream))
	}
	if err := d.work.store.put(ctx, letter); err != nil {
		d.giveBack(d.lane.backoff(d.attempt))
		return false
	}
	d.count(eventDead)
	d.work.log.Error("asynchronous call given up: it is a dead letter now", "function", d.lane.function,
		"call_id", d.call.ID, "attempts", d.attempt, "reason", reason)
	return true
}

// finish tells the callback, where there is one, and then settles the call.
func (d *delivery) finish(ctx context.Context, r *result) {
	if d.call.Callback != "" {
		// A body must not stay in memory while its callback is away.
		d.message, d.call.Body, d.call.Header = nil, nil, nil
		if err := d.tell(ctx, r); ctx.Err() != nil {
			d.giveBack(0)
			return
		} else if err != nil {
			d.work.log.Error("callback given up", "function", d.call.Function, "call_id", d.call.ID, "err", err)
		}
	}
	d.settle(ctx)
}

// tell sends r to the callback: several times, where the call is in the line, and else once, if that may help.
func (d *delivery) tell(ctx context.Context, r *result) error {
	t := tries{most: callbackAttempts, within: callbackTimeout, told: func(took bool) { d.lane.line.told(d.host, took) }}
	if !d.inLine {
		if d.lane.line.away(d.host) {
			d.work.metrics.called(d.call.Function, outcomeFailed)
			return fmt.Errorf("%d answers wait already for %s, which takes none", maxHostCallbacks, d.host)
		}
		t.most = 1
		if u, err := url.Parse(d.call.Callback); err == nil && !d.work.callbacks.isGateway(u) {
			t.within = shortCallback
		}
	}
	return d.work.callbacks.send(ctx, d.call, r, t)
}

// settle tells the server until it has noted that the call is done: one that restarts just now would have it made again.
func (d *delivery) settle(ctx context.Context) {
	var err error
	for unknown := 0; unknown < maxUnknown; {
		if err = d.receipt.settle(ctx); err == nil {
			return
		}
		if ctx.Err() != nil || errors.Is(err, nats.ErrConnectionClosed) {
			break
		}
		if errors.Is(err, nats.ErrNoResponders) && d.work.store.ready.Load() {
			unknown++
		}
		timer := time.NewTimer(reconnectWait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
	d.work.log.Warn("call made, but the queue could not be told: it may be made again",
		"function", d.call.Function, "call_id", d.call.ID, "err", err)
}

func (d *delivery) count(event string) { d.work.metrics.count(d.lane.function, event) }
