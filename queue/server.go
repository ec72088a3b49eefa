package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	// maxPayload bounds one message: the largest body and the longest header that a gateway takes.
	maxPayload = MaxBody + 1<<20
	// startTimeout bounds the start of a server, which reads all that it kept.
	startTimeout = 2 * time.Minute
	// startLook is how long one look at it waits.
	startLook = 200 * time.Millisecond
	// maxStore bounds what all streams keep together, in bytes.
	maxStore = maxCallBytes + maxDeadBytes + 64<<20
)

// ServerOptions say where a Server keeps its data and listens. Dir is required.
type ServerOptions struct {
	// Dir keeps the streams. Only one server at a time may use it.
	Dir string
	// Listen is the address for gateways, such as :4222. Empty: none, and only this process can connect.
	Listen string
	// Health is the address of GET /healthz. Empty: none.
	Health string
	// Log gets what the server says. Nil: nothing.
	Log *slog.Logger
}

// Server is a NATS server with JetStream. Each write is on disk before it is acknowledged.
type Server struct {
	opts  ServerOptions
	nats  *server.Options
	ready chan *server.Server
}

// NewServer makes a Server that is started by Run.
func NewServer(o ServerOptions) (*Server, error) {
	if o.Dir == "" {
		return nil, errors.New("queue: the server needs a directory for its data")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	n := &server.Options{
		ServerName: "faas-queue", StoreDir: o.Dir, JetStream: true, JetStreamMaxStore: maxStore, JetStreamMaxMemory: 16 << 20,
		// Accepted means kept, also when the power fails. A write takes 0.3 ms so, and 0.06 ms otherwise.
		SyncAlways: true,
		MaxPayload: maxPayload, MaxPending: 128 << 20,
		DontListen: o.Listen == "", NoSigs: true, DisableShortFirstPing: true,
	}
	for _, port := range []struct {
		what, addr string
		host       *string
		port       *int
	}{{"address for gateways", o.Listen, &n.Host, &n.Port}, {"address of the health check", o.Health, &n.HTTPHost, &n.HTTPPort}} {
		if port.addr == "" {
			continue
		}
		addr, err := net.ResolveTCPAddr("tcp", port.addr)
		if err != nil {
			return nil, fmt.Errorf("queue: %s: %w", port.what, err)
		}
		*port.host = "0.0.0.0"
		if addr.IP != nil {
			*port.host = addr.IP.String()
		}
		*port.port = cmp.Or(addr.Port, server.RANDOM_PORT)
	}
	return &Server{opts: o, nats: n, ready: make(chan *server.Server, 1)}, nil
}

// Run starts the server and stops it when ctx ends. It returns once the server has ended.
func (s *Server) Run(ctx context.Context) error {
	running, err := server.NewServer(s.nats)
	if err != nil {
		return fmt.Errorf("queue: make the server: %w", err)
	}
	said := &serverLog{log: s.opts.Log}
	running.SetLoggerV2(said, false, false, false)
	defer running.WaitForShutdown()
	defer running.Shutdown()
	running.Start()
	defer context.AfterFunc(ctx, running.Shutdown)()
	for late := time.Now().Add(startTimeout); !running.ReadyForConnections(startLook); {
		switch fatal := said.fatal.Load(); {
		case ctx.Err() != nil:
			return nil
		case fatal != nil:
			return fmt.Errorf("queue: the server on %s does not start: %s", s.opts.Dir, *fatal)
		case time.Now().After(late):
			return fmt.Errorf("queue: the server on %s does not start within %s", s.opts.Dir, startTimeout)
		}
	}
	s.ready <- running
	running.WaitForShutdown()
	if ctx.Err() == nil {
		return errors.New("queue: the server ended by itself")
	}
	return nil
}

// await returns the server once it runs, and nil when ctx ends first.
func (s *Server) await(ctx context.Context) *server.Server {
	select {
	case running := <-s.ready:
		s.ready <- running // for the next who asks
		return running
	case <-ctx.Done():
		return nil
	}
}

// Addr returns the address for gateways once the server runs; nil when ctx ends first, or where it has none.
func (s *Server) Addr(ctx context.Context) net.Addr {
	running := s.await(ctx)
	if running == nil || s.opts.Listen == "" {
		return nil
	}
	return running.Addr()
}

// serverLog passes on what the server says. Its notices are of every start and client, hence for debugging.
type serverLog struct {
	log   *slog.Logger
	fatal atomic.Pointer[string] // why it cannot start
}

func (l *serverLog) say(level slog.Level, format string, v []any) {
	l.log.Log(context.Background(), level, "queue server", "text", strings.TrimSpace(fmt.Sprintf(format, v...)))
}

// Noticef and the others implement server.Logger.
func (l *serverLog) Noticef(format string, v ...any) { l.say(slog.LevelDebug, format, v) }

// Warnf implements server.Logger.
func (l *serverLog) Warnf(format string, v ...any) { l.say(slog.LevelWarn, format, v) }

// Fatalf implements server.Logger.
func (l *serverLog) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.fatal.CompareAndSwap(nil, &text)
	l.say(slog.LevelError, format, v)
}

// Errorf implements server.Logger.
func (l *serverLog) Errorf(format string, v ...any) { l.say(slog.LevelError, format, v) }

// Debugf implements server.Logger.
func (l *serverLog) Debugf(format string, v ...any) { l.say(slog.LevelDebug, format, v) }

// Tracef implements server.Logger.
func (l *serverLog) Tracef(string, ...any) {}
