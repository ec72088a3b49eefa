package watchdog

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pidFile is where the processes of a test say who they are.
func pidFile(t testing.TB) string { return filepath.Join(t.TempDir(), "pids") }

// pids returns the process ids in file once there are n.
func pids(t testing.TB, file string, n int) []int {
	t.Helper()
	var ids []int
	eventually(t, fmt.Sprintf("%d processes started", n), func() bool {
		ids = nil
		text, _ := os.ReadFile(file)
		for _, word := range strings.Fields(string(text)) {
			id, err := strconv.Atoi(word)
			if err != nil {
				return false
			}
			ids = append(ids, id)
		}
		return len(ids) == n && strings.HasSuffix(string(text), "\n")
	})
	return ids
}

// gone waits until none of ids runs. An orphan that nobody reaps counts as gone.
func gone(t testing.TB, ids []int) {
	t.Helper()
	eventually(t, fmt.Sprintf("processes %v ended", ids), func() bool {
		return !slices.ContainsFunc(ids, func(id int) bool {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
			_, after, _ := bytes.Cut(stat, []byte(") "))
			return err == nil && !bytes.HasPrefix(after, []byte("Z"))
		})
	})
}

// A client that left behind more than the process takes is not heard of by
// reading. (With more than the kernel takes its leaving cannot be known.)
func TestClientGoneWhileTheProcessDoesNotRead(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs POLLRDHUP")
	}
	file := pidFile(t)
	w := start(t, "mode=streaming", "fprocess=sh -c 'echo $$ >"+file+"; exec sleep 60'")
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", w.opts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n")
	ids := pids(t, file, 1)
	if _, err := c.Write(make([]byte, 100<<10)); err != nil {
		t.Fatal(err)
	}
	c.Close()
	gone(t, ids)
}

// One that holds standard error only is left alone and costs no time.
func TestGrandchildHoldsStandardError(t *testing.T) {
	t.Parallel()
	file := pidFile(t)
	w := start(t, "mode=streaming", "fprocess=sh -c 'sleep 60 >/dev/null & echo $! >"+file+"; echo done'")
	begin := time.Now()
	if _, body, err := w.post(t, ""); err != nil || body != "done\n" {
		t.Fatalf("got %q %v", body, err)
	}
	if d := time.Since(begin); d > waitDelay {
		t.Errorf("answered after %s", d)
	}
	_ = syscall.Kill(pids(t, file, 1)[0], syscall.SIGKILL)
}

func TestStreamsBothWays(t *testing.T) {
	t.Parallel()
	w := start(t, "mode=streaming", "fprocess=cat")
	body, input := io.Pipe()
	res, err := w.client.Do(w.firstWrite(t, body, input, "one\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for _, want := range []string{"one\n", "two\n", "three\n"} {
		if want != "one\n" {
			if _, err := io.WriteString(input, want); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := lines.ReadString('\n'); err != nil || got != want {
			t.Fatalf("got %q %v, want %q before more is sent", got, err, want)
		}
	}
	input.Close()
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("the answer ended with %q %v", rest, err)
	}
}

func (r *running) firstWrite(t testing.TB, body io.Reader, input io.Writer, text string) *http.Request {
	t.Helper()
	go func() { _, _ = io.WriteString(input, text) }()
	return r.request(t, http.MethodPost, "/", body)
}

// endless is n bytes of a stream that depends on its seed only.
func endless(n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{1}), n)
}

func TestEchoIsExact(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{1, 1000, 64 << 10, 200_000, 300_000, 10 << 20} {
		t.Run(strconv.FormatInt(n, 10), func(t *testing.T) {
			both(t, func(t *testing.T, mode string) {
				w := start(t, mode, "fprocess=cat")
				w.echo(t, n)
			})
		})
	}
}

func (r *running) echo(t testing.TB, n int64) {
	t.Helper()
	want := sha256.New()
	res, err := r.client.Do(r.request(t, http.MethodPost, "/", io.TeeReader(endless(n), want)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got := sha256.New()
	if m, err := io.Copy(got, res.Body); err != nil || m != n {
		t.Fatalf("got %d of %d bytes, %v", m, n, err)
	}
	if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Error("the bytes differ")
	}
}

// The connection of a body that was not read is not used for another request.
func TestUnreadBody(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, mode string) {
		w := start(t, mode, "fprocess=head -c 3")
		for range 3 {
			body := "abcGET /evil HTTP/1.1\r\nHost: x\r\n\r\n" + strings.Repeat("x", 1<<20)
			if _, got, err := w.post(t, body); err != nil || got != "abc" {
				t.Fatalf("got %q %v", got, err)
			}
		}
		w.drain()
		w.wait(t)
		if got := strings.Count(w.stderr.String(), "Forking fprocess."); got != 3 {
			t.Errorf("%d processes for 3 requests", got)
		}
	})
}

// A client that never ends its body gets its answer nevertheless.
func TestAnswerBeforeTheBodyEnds(t *testing.T) {
	t.Parallel()
	w := start(t, "mode=streaming", "fprocess=head -c 3")
	body, input := io.Pipe()
	defer input.Close()
	res, got, err := w.do(t, w.firstWrite(t, body, input, "abcd"))
	if err != nil || res.StatusCode != 200 || got != "abc" {
		t.Errorf("got %v %q %v", res, got, err)
	}
}

// A body that breaks off is never taken for a whole one.
func TestBrokenBody(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, mode string) {
		file := filepath.Join(t.TempDir(), "whole")
		w := start(t, mode, "fprocess=sh -c 'cat && touch "+file+"'")
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", w.opts.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\npart")
		eventually(t, "in flight", func() bool { return w.inflight.count() == 1 })
		c.Close()
		eventually(t, "ended", func() bool { return w.inflight.count() == 0 })
		if _, err := os.Stat(file); err == nil {
			t.Error("the function took a part for the whole")
		}
	})
}

func TestPool(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, mode string) {
		file := pidFile(t)
		w := start(t, mode, "cgi_headers=false", "pool_size=2", "fprocess=sh -c 'echo $$ >>"+file+"; exec cat'")
		ids := pids(t, file, 2)
		for i := range 5 {
			if _, got, err := w.post(t, strconv.Itoa(i)); err != nil || got != strconv.Itoa(i) {
				t.Fatalf("got %q %v", got, err)
			}
		}
		gone(t, ids)
		// One that waits in the pool dies.
		for _, id := range pids(t, file, 7) {
			if syscall.Kill(id, syscall.SIGKILL) == nil {
				gone(t, []int{id})
				break
			}
		}
		for range 3 {
			if _, got, err := w.post(t, "x"); err != nil || got != "x" {
				t.Errorf("after the death of a waiting process: got %q %v", got, err)
			}
		}
		w.drain()
		w.wait(t)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		gone(t, pids(t, file, len(strings.Fields(string(text)))))
	})
}

func (r *running) scrape(t testing.TB) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.metricsURL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, body, err := r.do(t, req)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
