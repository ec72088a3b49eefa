//go:build linux

package watchdog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// buildWatchdog builds the program that images hold.
func buildWatchdog(t *testing.T, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fwatchdog")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path)
	if len(flags) == 0 {
		// As `make build` does, so that little is left to compile.
		flags = []string{"-trimpath"}
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
	cmd.Args = slices.Concat(cmd.Args, flags, []string{"faas/cmd/fwatchdog"})
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return path
}

// A daemon is fwatchdog as a process of its own.
type daemon struct {
	cmd            *exec.Cmd
	dir            string // for files of the function, and what static mode serves
	url, metrics   string
	client         *http.Client
	stdout, stderr *buffer
	exited         chan struct{}
}

func startDaemon(t *testing.T, program, dir string, vars ...string) *daemon {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	d := &daemon{
		cmd: exec.CommandContext(t.Context(), program), dir: dir, client: &http.Client{Transport: transport},
		stdout: &buffer{}, stderr: &buffer{}, exited: make(chan struct{}),
	}
	for _, to := range []*string{&d.url, &d.metrics} {
		l := listen(t)
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		defer l.Close()
		d.cmd.ExtraFiles = append(d.cmd.ExtraFiles, f)
		*to = "http://" + l.Addr().String()
	}
	d.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "LISTEN_FDS=2", "LISTEN_FDNAMES=http:metrics", "suppress_lock=true",
		"GORACE=atexit_sleep_ms=0", "healthcheck_interval=0", serveVariable + "=1", "DIR=" + dir,
	}, vars...)
	d.cmd.Stdout, d.cmd.Stderr = d.stdout, d.stderr
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(d.exited)
		_ = d.cmd.Wait() // ProcessState says how it ended
	}()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = d.cmd.Process.Signal(syscall.SIGQUIT) // it may have ended
		select {
		case <-d.exited:
		case <-time.After(10 * time.Second):
			_ = d.cmd.Process.Kill()
			<-d.exited
			t.Error("SIGQUIT does not end it")
		}
		if text := d.stderr.String(); t.Failed() || strings.Contains(text, "DATA RACE") {
			t.Errorf("stderr of the watchdog:\n%s", text)
		}
	})
	return d
}

// do makes a request and returns its answer with the whole body. The error of
// a body that breaks off is returned.
func (d *daemon) do(t testing.TB, req *http.Request) (*http.Response, string, error) {
	t.Helper()
	res, err := d.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

func (d *daemon) request(t testing.TB, method, path string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, d.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func (d *daemon) post(t testing.TB, path, body string) (*http.Response, string, error) {
	t.Helper()
	return d.do(t, d.request(t, http.MethodPost, path, strings.NewReader(body)))
}

// answers makes a request whose answer is to have this status and body.
func (d *daemon) answers(t testing.TB, path, body string, status int, want string) *http.Response {
	t.Helper()
	res, got, err := d.post(t, path, body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status || got != want {
		t.Fatalf("got %d %.200q, want %d %.200q", res.StatusCode, got, status, want)
	}
	return res
}

// breaks makes a request whose answer is to break off after a part.
func (d *daemon) breaks(t testing.TB, path, part string) {
	t.Helper()
	res, got, err := d.post(t, path, "x")
	if res == nil || res.StatusCode != 200 || got != part || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("got %v %q %v, want 200, %q and a broken connection", res, got, err, part)
	}
}

// dial opens a connection to speak HTTP by hand.
func (d *daemon) dial(t testing.TB) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

// metric returns the value of one series.
func (d *daemon) metric(t testing.TB, series string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.metrics+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, text, err := d.do(t, req)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut("\n"+text, "\n"+series+" ")
	value, _, _ := strings.Cut(after, "\n")
	return value
}

// inflight waits until so many invocations are running.
func (d *daemon) inflight(t testing.TB, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d in flight", n), func() bool {
		return d.metric(t, "http_requests_in_flight") == strconv.Itoa(n)
	})
}

func (d *daemon) signal(t testing.TB, sig os.Signal) {
	t.Helper()
	if err := d.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// ends waits for the end of the watchdog and checks its exit code.
func (d *daemon) ends(t testing.TB, code int) {
	t.Helper()
	select {
	case <-d.exited:
	case <-time.After(20 * time.Second):
		t.Fatal("the watchdog does not end")
	}
	if got := d.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
}

// peak starts to measure the largest memory in use, if it can, and returns what
// tells by how much it has grown.
func (d *daemon) peak(t testing.TB) func() int64 {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/", d.cmd.Process.Pid)
	high := func() int64 {
		text, err := os.ReadFile(dir + "status")
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := bytes.Cut(text, []byte("VmHWM:"))
		var kib int64
		if _, err := fmt.Sscan(string(after), &kib); err != nil {
			t.Fatal(err)
		}
		return kib << 10
	}
	if err := os.WriteFile(dir+"clear_refs", []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
	base := high()
	return func() int64 { return high() - base }
}
