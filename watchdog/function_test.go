package watchdog

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

// This test binary is also the function of http mode: with the first of these
// set it serves on PORT instead of running tests.
const (
	serveVariable = "WATCHDOG_TEST_SERVE"
	// exclusiveVariable makes it want its port for itself, as few servers do.
	exclusiveVariable = "WATCHDOG_TEST_EXCLUSIVE"
	// deafVariable makes it ignore SIGTERM.
	deafVariable = "WATCHDOG_TEST_DEAF"
)

func serveFunction() {
	fmt.Println("function starts")
	fmt.Fprintln(os.Stderr, "to standard error")
	var config net.ListenConfig
	if os.Getenv(exclusiveVariable) != "" {
		config.Control = func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) })
		}
	}
	if os.Getenv(deafVariable) != "" {
		signal.Ignore(syscall.SIGTERM)
	}
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err == nil {
		err = (&http.Server{Handler: function(), ReadHeaderTimeout: time.Minute}).Serve(l)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// function has a path for each of the ways of a server.
func function() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo/", func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		_ = rc.EnableFullDuplex()
		w.Header().Set("X-Seen", fmt.Sprintf("%s %s %s %d", r.Method, r.RequestURI, r.Host, r.ContentLength))
		_, _ = io.Copy(w, r.Body)
	})
	mux.HandleFunc("/pid", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getpid()) })
	mux.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server looks whether its client leaves
		fmt.Println("slow begins")
		<-r.Context().Done()
		fmt.Println("slow ends")
	})
	mux.HandleFunc("/hold", func(w http.ResponseWriter, r *http.Request) {
		awaitFile(r.Context(), "release")
		fmt.Fprintln(w, "done")
	})
	mux.HandleFunc("/wait", func(w http.ResponseWriter, r *http.Request) {
		pause(r.Context(), 500*time.Millisecond)
		fmt.Fprint(w, "waited")
	})
	mux.HandleFunc("/part", func(w http.ResponseWriter, r *http.Request) {
		send(w, "part\n")
		<-r.Context().Done()
	})
	mux.HandleFunc("/trailer", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		fmt.Fprint(w, "body")
		w.Header().Set("X-Sum", "42")
	})
	mux.HandleFunc("/trailers", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Seen")
		_, _ = io.Copy(w, r.Body)
		w.Header().Set("X-Seen", r.Trailer.Get("X-Sum"))
	})
	mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := 1; i <= 3; i++ {
			send(w, fmt.Sprintf("data: %d\n\n", i))
			awaitFile(r.Context(), fmt.Sprint(i))
		}
	})
	mux.HandleFunc("/ws", serveWebSocket)
	deaths(mux)
	return mux
}

// deaths are the ways in which it ends itself.
func deaths(mux *http.ServeMux) {
	mux.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	mux.HandleFunc("/die", func(w http.ResponseWriter, r *http.Request) {
		send(w, "part\n")
		awaitFile(r.Context(), "release")
		os.Exit(3)
	})
	mux.HandleFunc("/fork", func(http.ResponseWriter, *http.Request) {
		worker := exec.Command("sleep", "60")
		worker.Stdout, worker.Stderr = os.Stdout, os.Stderr
		if err := worker.Start(); err != nil {
			panic(err)
		}
		text := fmt.Appendln(nil, worker.Process.Pid)
		if err := os.WriteFile(filepath.Join(os.Getenv("DIR"), "pids"), text, 0o600); err != nil {
			panic(err)
		}
		os.Exit(3)
	})
}

// serveWebSocket echoes two messages, says something after a while, and goes on.
func serveWebSocket(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"echo"}})
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }() // either way it is over
	for i := 1; ; i++ {
		kind, message, err := c.Read(r.Context())
		if err != nil || c.Write(r.Context(), kind, message) != nil {
			return
		}
		if i != 2 {
			continue
		}
		pause(r.Context(), 500*time.Millisecond)
		if c.Write(r.Context(), websocket.MessageText, []byte("unasked")) != nil {
			return
		}
	}
}

func send(w http.ResponseWriter, text string) {
	fmt.Fprint(w, text)
	_ = http.NewResponseController(w).Flush()
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// awaitFile waits for a file that the test makes.
func awaitFile(ctx context.Context, name string) {
	for ctx.Err() == nil {
		if _, err := os.Stat(filepath.Join(os.Getenv("DIR"), name)); err == nil {
			return
		}
		pause(ctx, 10*time.Millisecond)
	}
}
