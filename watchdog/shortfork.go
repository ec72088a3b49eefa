package watchdog

import (
	"context"
	"errors"
	"net"
	"net/http"

	"faas/internal/http1"
)

// shortFork serves ordinary requests whose body has come with the head to the modes that start a process for each, without
// net/http's server: the handler is the same. It implements http1.Handler.
type shortFork struct{ *handler }

// Open implements http1.Handler.
func (s shortFork) Open(c net.Conn) http1.Session {
	return &forkSession{handler: s.handler, client: withConn(context.Background(), c), from: c.RemoteAddr().String()}
}

// forkSession is one connection. It implements http1.Session.
type forkSession struct {
	*handler
	client context.Context //nolint:containedctx // of the connection, whose requests come one after the other
	from   string
}

// Serve implements http1.Session.
func (s *forkSession) Serve(x *http1.Exchange) bool {
	if !x.HasBody() || s.draining.Load() {
		return false
	}
	r, err := x.Request(s.client, s.from)
	if err != nil {
		return false // net/http says what is wrong
	}
	w := x.Writer()
	if s.answer(w, r) {
		w.End()
	} else {
		x.Break()
	}
	return true
}

// answer returns false for an answer that is to be broken off.
func (s *forkSession) answer(w http.ResponseWriter, r *http.Request) (whole bool) {
	defer func() {
		v := recover()
		if err, ok := v.(error); v != nil && (!ok || !errors.Is(err, http.ErrAbortHandler)) {
			panic(v)
		}
	}()
	s.ServeHTTP(w, r)
	return true
}
