package contract

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"

	"faas/e2e/stock"
)

// gibibyte sends one through a function that sends it back as it comes, and wants neither gateway nor watchdog to hold it.
func gibibyte(t *test) {
	const size, most = 1 << 30, 32 << 20
	c := t.client(stock.Age2025)
	s := t.spec("gibibyte", "cat")
	s.Env = map[string]string{"mode": "streaming", "exec_timeout": "5m", "write_timeout": "5m", "read_timeout": "5m"}
	t.deploy(c, s)
	// What the first call of all takes is no matter of size.
	if _, err := c.Invoke(t.Context(), stock.Invocation{Name: s.Name, Body: make([]byte, 1<<20)}); err != nil {
		t.Fatal(err)
	}
	pids := map[string]int{}
	var err error
	pids["gateway"], err = t.GatewayPID(t.Context())
	t.must("find the gateway", err)
	pids["watchdog"], err = t.WatchdogPID(t.Context(), s.Name)
	t.must("find the watchdog", err)
	before := map[string]int64{}
	for who, pid := range pids {
		t.must("forget the peak", os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0))
		before[who], err = memory(pid, "VmRSS:")
		t.must("read memory", err)
	}
	sent, came, err := t.echo(t.Context(), s.Name, size)
	t.must("echo", err)
	if sent != came {
		t.Errorf("what came back is not what was sent")
	}
	for who, pid := range pids {
		peak, err := memory(pid, "VmHWM:")
		t.must("read memory", err)
		t.Logf("%s: %d MiB at its peak, %d MiB before", who, peak>>20, before[who]>>20)
		if peak-before[who] > most {
			t.Errorf("%s grew by %d MiB, want at most %d", who, (peak-before[who])>>20, most>>20)
		}
	}
}

// echo sends size bytes to a function and returns the hashes of what went and of what came, which it reads meanwhile.
func (t *test) echo(ctx context.Context, function string, size int64) (sent, came string, err error) {
	sums := sha256.New()
	body := io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{}), size), sums)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Gateway()+"/function/"+function, body)
	if err != nil {
		return "", "", err
	}
	req.ContentLength = size
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	back := sha256.New()
	n, err := io.Copy(back, res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || n != size) {
		err = fmt.Errorf("status %d with %d bytes", res.StatusCode, n)
	}
	return hex.EncodeToString(sums.Sum(nil)), hex.EncodeToString(back.Sum(nil)), err
}

// memory reads a line of a process's status, in bytes.
func memory(pid int, field string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field); ok {
			n, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("process %d has no %s", pid, field)
}
