// Command work is a sample function of mode http, a server that burns processor time, waits, answers at
// length and fails as the query tells it.
package main

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

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := serve(ctx, address(os.Getenv))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "work:", err)
		os.Exit(1)
	}
}

// address is where to listen: the port of PORT, else that of upstream_url, else 8082.
func address(env func(string) string) string {
	if port := env("PORT"); port != "" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	if u, err := url.Parse(env("upstream_url")); err == nil && u.Port() != "" {
		return net.JoinHostPort("127.0.0.1", u.Port())
	}
	return "127.0.0.1:8082"
}

func serve(ctx context.Context, addr string) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: http.HandlerFunc(work), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	err = srv.Shutdown(drain)
	if served := <-served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
