package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// With this variable set the test binary is fwatchdog.
const mainVariable = "FWATCHDOG_TEST_MAIN"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "burn" {
		burn()
		os.Exit(0)
	}
	if os.Getenv(mainVariable) != "" {
		main()
	}
	os.Exit(m.Run())
}

// burn uses 30 ms of processor time.
func burn() {
	for {
		var used syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // it has no way to fail
		if used.Utime.Nano()+used.Stime.Nano() >= int64(burnTime) {
			return
		}
	}
}

const burnTime = 30 * time.Millisecond

// buffer is a log that a test reads while it is being written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// A command is a running fwatchdog with sockets that the test opened for it.
type command struct {
	*exec.Cmd
	url, metricsURL string
	stderr          *buffer
}

func start(t *testing.T, attr *syscall.SysProcAttr, vars ...string) *command {
	t.Helper()
	c := &command{Cmd: exec.CommandContext(t.Context(), os.Args[0]), stderr: &buffer{}}
	for _, to := range []*string{&c.url, &c.metricsURL} {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c.ExtraFiles = append(c.ExtraFiles, f)
		*to = "http://" + l.Addr().String()
	}
	c.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", mainVariable+"=1", "LISTEN_FDS=2", "LISTEN_FDNAMES=http:metrics", "suppress_lock=true")
	c.Env = append(c.Env, vars...)
	c.Stderr = c.stderr
	if c.SysProcAttr = attr; attr != nil {
		// Process 1 stays process 1.
		c.Path, c.Args = "/bin/sh", []string{"sh", "-c", `mount -t proc proc /proc && exec "$0"`, os.Args[0]}
	}
	if err := c.Start(); err != nil {
		if attr != nil && errors.Is(err, syscall.EPERM) {
			t.Skip("needs the right to make a PID namespace")
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Logf("stderr:\n%s", c.stderr)
		}
	})
	return c
}

func (c *command) get(t *testing.T, url string) (string, error) {
	t.Helper()
	_, body, err := c.post(t, url, "")
	return body, err
}

// post makes a request on a connection of its own: GET where there is no body.
func (c *command) post(t *testing.T, url, text string) (int, string, error) {
	t.Helper()
	method := http.MethodPost
	if text == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

// exit waits for the end and returns the exit code.
func (c *command) exit(t *testing.T) int {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case <-ended:
		return c.ProcessState.ExitCode()
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
		return -1
	}
}

func (c *command) signal(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := c.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("never happened: %s", what)
		}
	}
}

func pids(t *testing.T, file string, n int) []int {
	t.Helper()
	var ids []int
	eventually(t, "the processes started", func() bool {
		text, _ := os.ReadFile(file)
		ids = nil
		for _, word := range strings.Fields(string(text)) {
			if id, err := strconv.Atoi(word); err == nil {
				ids = append(ids, id)
			}
		}
		return len(ids) == n && bytes.HasSuffix(text, []byte("\n"))
	})
	return ids
}

// state is a process's letter in /proc, or empty when it has gone.
func state(pid int) string {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := bytes.Cut(stat, []byte(") "))
	return string(after[:min(1, len(after))])
}

func gone(t *testing.T, ids []int) {
	t.Helper()
	for _, id := range ids {
		eventually(t, fmt.Sprintf("%d ended", id), func() bool { s := state(id); return s == "" || s == "Z" })
	}
}

func TestSocketActivation(t *testing.T) {
	t.Parallel()
	c := start(t, nil, "mode=streaming", "fprocess=env")
	body, err := c.get(t, c.url)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(body, "Http_Method=GET") || strings.Contains(body, "LISTEN_") {
		t.Errorf("got %s", body)
	}
	if body, err := c.get(t, c.metricsURL+"/metrics"); err != nil || !strings.Contains(body, "http_requests_total") {
		t.Errorf("metrics: got %q %v", body, err)
	}
	c.signal(t, syscall.SIGTERM)
	if got := c.exit(t); got != exitOK {
		t.Errorf("exit code %d after SIGTERM", got)
	}
}

func TestSignalsThatKill(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		signals []syscall.Signal
		code    int
	}{
		{"SIGQUIT", []syscall.Signal{syscall.SIGQUIT}, 131},
		{"SIGTERM twice", []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM}, 143},
		{"SIGTERM and SIGINT", []syscall.Signal{syscall.SIGTERM, syscall.SIGINT}, 130},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "pids")
			c := start(t, nil, "mode=streaming", `fprocess=sh -c "trap '' TERM; sleep 60 & echo \$\$ \$! >`+file+`; wait; wait"`)
			done := make(chan int, 1)
			go func() {
				status, _, _ := c.post(t, c.url, "")
				done <- status
			}()
			ids := pids(t, file, 2)
			for i, sig := range tt.signals {
				if i > 0 {
					eventually(t, "draining", func() bool { return strings.Contains(c.stderr.String(), "draining") })
				}
				c.signal(t, sig)
			}
			if got := c.exit(t); got != tt.code {
				t.Errorf("exit code %d, want %d", got, tt.code)
			}
			gone(t, ids)
			if status := <-done; status == 200 {
				t.Error("the request ended well")
			}
		})
	}
}

func TestFaultsOfTheEnvironment(t *testing.T) {
	t.Parallel()
	c := start(t, nil, "fprocess=", "port=x")
	if got := c.exit(t); got != exitUsage {
		t.Errorf("exit code %d, want %d", got, exitUsage)
	}
	for _, want := range []string{"port: ", "fprocess: "} {
		if !strings.Contains(c.stderr.String(), want) {
			t.Errorf("%q is missing in %s", want, c.stderr)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-version"}, exitOK, "Version: dev\tSHA: unknown\n"},
		{[]string{"--version"}, exitOK, "Version: "},
		{[]string{"--help"}, exitOK, "exec_timeout_status"},
		{[]string{"-nonsense"}, exitUsage, "not defined"},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		if got := run(tt.args, &out, &out); got != tt.code || !strings.Contains(out.String(), tt.want) {
			t.Errorf("%v: got %d\n%s", tt.args, got, &out)
		}
	}
}
