// A stand-in for fwatchdog that does what tests tell it to: it keeps the contract with its supervisor
// (inherited sockets, health, signals), and breaks it on demand.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type watchdog struct {
	hung     atomic.Bool
	mu       sync.Mutex
	children []*exec.Cmd
	hoard    [][]byte
}

func main() {
	if text := os.Getenv("fake_exit"); text != "" {
		fmt.Fprintln(os.Stderr, text)
		os.Exit(3)
	}
	if file := os.Getenv("fake_fail_if"); file != "" {
		if _, err := os.Stat(file); err == nil {
			fmt.Fprintln(os.Stderr, "told to fail")
			os.Exit(4)
		}
	}
	w := &watchdog{}
	ln, err := net.FileListener(os.NewFile(3, "http"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "no socket:", err)
		os.Exit(1)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/_/ready", w.ready)
	mux.HandleFunc("/_/health", w.health)
	mux.HandleFunc("/hang", func(http.ResponseWriter, *http.Request) { w.hung.Store(true) })
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) {
		fmt.Fprintln(os.Stderr, "told to crash")
		os.Exit(3)
	})
	mux.HandleFunc("/env", func(rw http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(rw, strings.Join(os.Environ(), "\n"))
	})
	mux.HandleFunc("/cwd", func(rw http.ResponseWriter, _ *http.Request) {
		dir, _ := os.Getwd()
		fmt.Fprint(rw, dir)
	})
	mux.HandleFunc("/slow", func(rw http.ResponseWriter, r *http.Request) {
		d, _ := time.ParseDuration(r.URL.Query().Get("for"))
		rw.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(rw).Flush()
		time.Sleep(d)
		fmt.Fprint(rw, "done")
	})
	mux.HandleFunc("/spawn", w.spawn)
	mux.HandleFunc("/run", w.run)
	mux.HandleFunc("/alloc", w.alloc)
	srv := &http.Server{Handler: mux}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGQUIT)
	go func() {
		if s := <-signals; s == syscall.SIGTERM && os.Getenv("fake_ignore_term") == "" {
			_ = srv.Shutdown(context.Background())
			w.killChildren()
			os.Exit(0)
		} else if s == syscall.SIGTERM {
			<-signals
		}
		w.killChildren()
		os.Exit(131)
	}()
	_ = srv.Serve(ln)
	select {}
}

func (w *watchdog) ready(rw http.ResponseWriter, _ *http.Request) {
	if os.Getenv("fake_unready") != "" {
		rw.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (w *watchdog) health(_ http.ResponseWriter, r *http.Request) {
	if w.hung.Load() {
		<-r.Context().Done()
	}
}

// spawn starts a shell in a process group of its own, as a watchdog starts functions, and answers with
// the first line that it prints.
func (w *watchdog) spawn(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	cmd := exec.Command("sh", "-c", string(body))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	w.mu.Lock()
	w.children = append(w.children, cmd)
	w.mu.Unlock()
	buf := make([]byte, 200)
	n, _ := out.Read(buf)
	_, _ = rw.Write(buf[:n])
}

func (w *watchdog) run(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	out, err := exec.Command("sh", "-c", string(body)).CombinedOutput()
	if err != nil {
		rw.WriteHeader(http.StatusInternalServerError)
	}
	_, _ = rw.Write(out)
}

func (w *watchdog) alloc(_ http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.URL.Query().Get("mb"))
	block := make([]byte, n<<20)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	w.mu.Lock()
	w.hoard = append(w.hoard, block)
	w.mu.Unlock()
}

func (w *watchdog) killChildren() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.children {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
	}
}
