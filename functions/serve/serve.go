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

// drain is how long requests may go on after the function was told to stop.
const drain = 10 * time.Second

// Main runs the server of the function name until SIGTERM, and returns the program's exit code.
func Main(name string, handler http.Handler) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", Address(os.Getenv))
	if err == nil {
		err = Run(ctx, ln, handler)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
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

// Run serves until ctx ends. The contexts of requests end then too, so that answers without end come to one; the others are
// finished, for a while.
func Run(ctx context.Context, ln net.Listener, handler http.Handler) error {
	srv := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := srv.Shutdown(last)
	if served := <-served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
