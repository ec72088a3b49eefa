package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"faas/function"
)

// The streams.
const (
	callStream = "FAAS_CALLS"
	deadStream = "FAAS_DEAD"
)

const (
	// storeTimeout bounds one request to the server.
	storeTimeout = 5 * time.Second
	// reconnectWait is how long the connection, and whoever has to tell the server something, waits between attempts.
	reconnectWait = 500 * time.Millisecond
	// idleConsumer is after how long without a pull the server forgets what it knows of a function's deliveries. What is
	// under way is waited for.
	idleConsumer = 5 * time.Minute
	// maxUnsettled bounds the calls of a function that were delivered and not acknowledged, of all gateways: under way,
	// with their callback, or waiting for a retry.
	maxUnsettled = 1000
)

// store is the connection to the server, and the streams there.
type store struct {
	conn  *nats.Conn
	js    jetstream.JetStream
	log   *slog.Logger
	where string
	ready atomic.Bool // the streams are there

	// Of the goroutine that prepares and looks.
	calls, dead jetstream.Stream
	letters     int       // how many dead letters there were
	counted     time.Time // when that was
}

// connect makes a connection that is always there or being sought. in, where not nil, is the server of this process.
func connect(url string, in *server.Server, log *slog.Logger) (*store, error) {
	s := &store{log: log, where: "a server"}
	options := []nats.Option{
		nats.Name("faas gateway"), nats.Timeout(2 * time.Second),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait), nats.ReconnectJitter(250*time.Millisecond, 250*time.Millisecond),
		nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(2),
		// What cannot be sent now is refused and not sent later: the client was told that it was not kept.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(c *nats.Conn, err error) {
			s.ready.Store(false)
			if !c.IsClosed() {
				log.Warn("queue away: asynchronous calls are refused until it is back", "err", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Warn("queue trouble", "err", err) }),
	}
	if in != nil {
		s.where = "in this process"
		options = append(options, nats.InProcessServer(in))
	}
	var err error
	if in == nil {
		s.where = Where(url)
	}
	if s.conn, err = nats.Connect(url, options...); err != nil {
		return nil, fmt.Errorf("queue: connect to %s: %w", s.where, err)
	}
	if s.js, err = jetstream.New(s.conn, jetstream.WithDefaultTimeout(storeTimeout)); err != nil {
		s.conn.Close()
		return nil, fmt.Errorf("queue: %w", err)
	}
	return s, nil
}

// prepare makes the streams where they are not as they should be.
func (s *store) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var err error
	s.calls, err = s.stream(ctx, jetstream.StreamConfig{
		Name: callStream, Description: "calls that wait, and those under way", Subjects: []string{callPrefix + "*"},
		Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage,
		Discard: jetstream.DiscardNew, MaxBytes: maxCallBytes,
		DiscardNewPerSubject: true, MaxMsgsPerSubject: maxCalls,
	})
	if err == nil {
		s.dead, err = s.stream(ctx, jetstream.StreamConfig{
			Name: deadStream, Description: "calls that were given up", Subjects: []string{deadPrefix + "*"},
			Retention: jetstream.LimitsPolicy, Storage: jetstream.FileStorage,
			Discard: jetstream.DiscardOld, MaxBytes: maxDeadBytes, MaxAge: maxDeadAge,
		})
	}
	if err != nil {
		return fmt.Errorf("make the streams: %w", err)
	}
	s.ready.Store(true)
	return nil
}

// stream makes a stream, or has it be as it should. On how many servers it is, and on which, is the operator's: that stays.
func (s *store) stream(ctx context.Context, c jetstream.StreamConfig) (jetstream.Stream, error) {
	there, err := s.js.Stream(ctx, c.Name)
	switch {
	case err == nil:
		has := there.CachedInfo().Config
		c.Replicas, c.Placement = has.Replicas, has.Placement
	case !errors.Is(err, jetstream.ErrStreamNotFound):
		return nil, err
	}
	return s.js.CreateOrUpdateStream(ctx, c)
}

// notify sends to soon when the server is reached, and reached again.
func (s *store) notify(soon chan<- struct{}) {
	reached := func(*nats.Conn) {
		select {
		case soon <- struct{}{}:
		default: // it is told already
		}
	}
	s.conn.SetReconnectHandler(reached)
	reached(s.conn)
}

// close ends the connection, once what was said on it has gone out.
func (s *store) close() {
	s.ready.Store(false)
	if s.conn.IsConnected() {
		_ = s.conn.FlushTimeout(time.Second) // what the server does not hear it finds out
	}
	s.conn.Close()
}

// put returns once m is stored. Errors are ErrUnavailable, but for a message that is too large.
func (s *store) put(ctx context.Context, m *nats.Msg) error {
	if !s.ready.Load() {
		return errAway()
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	_, err := s.js.PublishMsg(ctx, m)
	var refused *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return function.Unavailablef("the queue keeps no more: %s", refused.Description)
	case errors.Is(err, context.Canceled):
		return err
	}
	s.log.Warn("call not stored", "err", err)
	return errAway()
}

func errAway() error { return function.Unavailablef("the queue is away: try again later") }

// consumer makes, or finds, what delivers the calls of a function.
func (s *store) consumer(ctx context.Context, function string, ackWait time.Duration) (jetstream.Consumer, error) {
	return s.js.CreateOrUpdateConsumer(ctx, callStream, jetstream.ConsumerConfig{
		Durable: token(function), FilterSubject: callPrefix + token(function),
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxAckPending: maxUnsettled,
		InactiveThreshold: idleConsumer,
	})
}

// countDead is how often dead letters are counted. Nothing hangs on it.
const countDead = 5 * time.Second

// depths returns how many calls of each function there are, and the number of dead letters.
func (s *store) depths(ctx context.Context) (calls map[string]int, dead int, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	info, err := s.calls.Info(ctx, jetstream.WithSubjectFilter(callPrefix+"*"))
	if err != nil {
		return nil, 0, err
	}
	calls = make(map[string]int, len(info.State.Subjects))
	for subject, n := range info.State.Subjects {
		calls[functionOf(subject[len(callPrefix):])] = int(min(n, maxCalls))
	}
	if time.Since(s.counted) > countDead {
		if info, err = s.dead.Info(ctx); err != nil {
			return nil, 0, err
		}
		s.letters, s.counted = int(info.State.Msgs), time.Now() //nolint:gosec // bounded by their bytes
	}
	return calls, s.letters, nil
}

// server is the address of the server, where it has one.
func (s *store) server() (netip.Addr, bool) {
	at, err := netip.ParseAddrPort(s.conn.ConnectedAddr())
	return at.Addr().Unmap(), err == nil
}

// receipt answers for one delivered message. It keeps nothing of the message itself.
type receipt struct {
	conn  *nats.Conn
	reply string
}

// settle says that the call is done, and returns once the server has noted it.
func (r receipt) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	_, err := r.conn.RequestWithContext(ctx, r.reply, []byte("+ACK"))
	return err
}

// progress says that somebody still works on the call.
func (r receipt) progress() error { return r.conn.Publish(r.reply, []byte("+WPI")) }

// again gives the call back, for a delivery after d.
func (r receipt) again(d time.Duration) error {
	text := "-NAK"
	if d > 0 {
		text = fmt.Sprintf(`-NAK {"delay": %d}`, d.Nanoseconds())
	}
	return r.conn.Publish(r.reply, []byte(text))
}
