// Command hello-go is a sample function of mode http: the smallest server in Go. It greets whom the body names.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func hello(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<10))
	if err != nil {
		http.Error(w, "send a name of at most 1024 bytes", http.StatusBadRequest)
		return
	}
	_, _ = fmt.Fprintf(w, "Hello, %s!\n", cmp.Or(strings.TrimSpace(string(body)), "world")) // a client that left is no news
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	srv := &http.Server{Addr: "127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "8082"), Handler: http.HandlerFunc(hello), ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done()
		_ = srv.Shutdown(context.WithoutCancel(ctx)) // requests end first; the watchdog bounds that
	}()
	if err := srv.ListenAndServe(); ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "hello-go:", err)
		os.Exit(1)
	}
	<-done
}
