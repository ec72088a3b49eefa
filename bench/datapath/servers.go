package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/http/pprof"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"faas/function"
	"faas/gateway"
)

// serve listens at addr until standard input ends, which it does with the parent.
func serve(ctx context.Context, addr string, h http.Handler) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // as said above
		os.Exit(0)
	}()
	return http.Serve(l, h) //nolint:gosec // for this machine, and for a minute
}

// echoCommand sends back what it gets, and to GET a big body.
type echoCommand struct {
	Listen string `default:"127.0.0.1:0"`
}

// Run serves.
func (c *echoCommand) Run(ctx context.Context) error {
	buffers := sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}
	download := make([]byte, bigBody)
	return serve(ctx, c.Listen, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Length", strconv.Itoa(len(download)))
			_, _ = w.Write(download) // a client that left needs no more
			return
		}
		_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/1 has it
		if r.ContentLength >= 0 {
			w.Header()["Content-Length"] = r.Header["Content-Length"]
		}
		buf := buffers.Get().(*[]byte)
		defer buffers.Put(buf)
		for {
			n, err := r.Body.Read(*buf)
			if _, failed := w.Write((*buf)[:n]); err != nil || failed != nil {
				return
			}
		}
	}))
}

// reverseCommand is httputil.ReverseProxy, tuned: idle connections enough, buffers from a pool, no compression.
type reverseCommand struct{ To string }

type bufferPool struct{ sync.Pool }

func (p *bufferPool) Get() []byte  { return *p.Pool.Get().(*[]byte) }
func (p *bufferPool) Put(b []byte) { p.Pool.Put(&b) }

// Run serves.
func (c *reverseCommand) Run(ctx context.Context) error {
	to := &url.URL{Scheme: "http", Host: c.To}
	buffers := &bufferPool{sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}}
	return serve(ctx, "127.0.0.1:0", &httputil.ReverseProxy{
		Rewrite:    func(p *httputil.ProxyRequest) { p.SetURL(to) },
		Transport:  &http.Transport{MaxIdleConns: 16384, MaxIdleConnsPerHost: 1024, DisableCompression: true},
		BufferPool: buffers,
		ErrorLog:   log.New(io.Discard, "", 0),
	})
}

// gatewayCommand is the gateway with all that is on by default, in front of replicas that are all one server. Each has a
// loopback address of its own.
type gatewayCommand struct {
	Functions, Replicas int
	Port                int
	MaxBody             int64
}

// Run serves. The second line that it writes is where its profiles are.
func (c *gatewayCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var listeners [3]net.Listener
	for i := range listeners {
		var err error
		if listeners[i], err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	b := c.backend()
	config := gateway.DefaultConfig()
	config.MaxBody = c.MaxBody
	g, err := gateway.New(gateway.Options{
		Backend: b, Watcher: b, Scaler: b, Listener: listeners[0], MetricsListener: listeners[1], Config: config,
		Credentials: &gateway.Credentials{User: "admin", Password: "password"},
		Log:         slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	profiles := http.NewServeMux()
	profiles.HandleFunc("/debug/pprof/profile", pprof.Profile)
	profiles.Handle("/debug/pprof/allocs", pprof.Handler("allocs"))
	go http.Serve(listeners[2], profiles) //nolint:errcheck,gosec // for this machine, and for a minute
	fmt.Println(listeners[0].Addr())
	fmt.Println(listeners[2].Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // it ends when the parent does
		cancel()
	}()
	return g.Run(ctx)
}

// fixed is a backend whose functions stay as they are.
type fixed struct{ functions []function.Status }

var errFixed = errors.New("the functions of a benchmark stay as they are")

func (c *gatewayCommand) backend() *fixed {
	b := &fixed{}
	for i := range c.Functions {
		s := function.Status{
			Function: function.Function{Name: name(i), Image: "echo"}, Desired: c.Replicas, CreatedAt: time.Now(),
			Scaling: function.DefaultScaling(),
		}
		for j := range c.Replicas {
			s.Replicas = append(s.Replicas, function.Replica{
				ID: fmt.Sprintf("%s.%d", s.Name, j+1), Addr: fmt.Sprintf("127.0.%d.%d:%d", j/200, 1+j%200, c.Port),
				Node: "here", State: function.ReplicaReady, StartedAt: time.Now(),
			})
		}
		b.functions = append(b.functions, s)
	}
	return b
}

// name is that of a function.
func name(i int) string { return fmt.Sprintf("function-%04d", i) }

// Watch implements gateway.Watcher.
func (b *fixed) Watch(ctx context.Context, see func(function.Snapshot)) error {
	see(function.Snapshot{Version: 1, Functions: b.functions})
	<-ctx.Done()
	return ctx.Err()
}

// Functions implements gateway.Backend.
func (b *fixed) Functions(context.Context) (function.Snapshot, error) {
	return function.Snapshot{Version: 1, Functions: b.functions}, nil
}

// Function implements gateway.Backend.
func (b *fixed) Function(context.Context, string) (function.Status, error) {
	return function.Status{}, errFixed
}

// Deploy implements gateway.Backend.
func (b *fixed) Deploy(context.Context, function.Function) error { return errFixed }

// Update implements gateway.Backend.
func (b *fixed) Update(context.Context, function.Function) error { return errFixed }

// Remove implements gateway.Backend.
func (b *fixed) Remove(context.Context, string) error { return errFixed }

// Scale implements gateway.Scaler.
func (b *fixed) Scale(context.Context, string, int) error { return errFixed }

// Wake implements gateway.Scaler.
func (b *fixed) Wake(context.Context, string) error { return errFixed }
