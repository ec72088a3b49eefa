package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Server is the server of a function.
type Server struct {
	// Name is the function's, for what goes wrong.
	Name    string
	Handler http.Handler
	// Drain is how long requests may go on after the function was told to stop.
	Drain time.Duration
	// Endless: answers may have no end of their own, so the contexts of requests end when the function is told to stop.
	Endless bool
}

// Main runs the server until SIGTERM, and returns the program's exit code.
func (s Server) Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", Address(os.Getenv))
	if err == nil {
		err = s.Run(ctx, ln)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", s.Name, err)
		return 1
	}
	return 0
}

// Address is where to listen: the port of PORT, else that of upstream_url, else 8082.
func Address(env func(string) string) string {
	if port := env("PORT"); port != "" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	if u, err := url.Parse(env("upstream_url")); err == nil && u.Port() != "" {
		return net.JoinHostPort("127.0.0.1", u.Port())
	}
	return "127.0.0.1:8082"
}

// Run serves until ctx ends, and then until the requests have, or Drain is over.
func (s Server) Run(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{Handler: s.Handler, ReadHeaderTimeout: 10 * time.Second}
	if s.Endless {
		srv.BaseContext = func(net.Listener) context.Context { return ctx }
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Drain)
	defer cancel()
	err := srv.Shutdown(last)
	if served := <-served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Wait waits, and says whether to go on: the request that ctx is of has not ended.
func Wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
