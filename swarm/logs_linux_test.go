package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"faas/function"
	"faas/swarm"
)

// TestLogsOnEngine measures on a real Swarm how soon a line is followed, and what long logs take in memory.
func TestLogsOnEngine(t *testing.T) {
	host := os.Getenv(engineVariable)
	if host == "" {
		t.Skipf("set %s to a Docker host, such as unix:///var/run/docker.sock, whose engine is a Swarm manager on this machine", engineVariable)
	}
	e := newRealEngine(t, host)
	b, _ := runBackend(t, swarm.Options{Host: host, Network: e.network, Dial: e.dial})
	f := function.Function{
		Name: e.prefix + "logs", Image: e.image, Process: "/cat stderr",
		Env:    map[string]string{"mode": "streaming", "prefix_logs": "false"},
		Labels: map[string]string{function.ScalingLabelPrefix + "min": "2"},
	}
	if err := b.Deploy(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	var replicas []function.Replica
	within(t, "two replicas", func() bool {
		st, err := b.Function(t.Context(), f.Name)
		replicas = st.Replicas
		return err == nil && st.Available() == 2
	})
	call := caller(e.dial)
	write := func(r function.Replica, text string) {
		if _, err := call(t.Context(), r, text); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("a line is followed soon", func(t *testing.T) { followedSoon(t, b, f.Name, func(text string) { write(replicas[0], text) }) })
	t.Run("long logs take little memory", func(t *testing.T) {
		const lines = 24_000 // as many as Docker keeps of a replica, of which it takes away what is beyond 30 MB
		var text strings.Builder
		for i := range lines {
			fmt.Fprintf(&text, "%-999d\n", i)
		}
		for _, r := range replicas {
			write(r, text.String())
		}
		text.Reset()
		for _, tt := range []struct {
			tail, least int
			mebibytes   uint64
		}{{0, 2 * lines, 8}, {1000, 1000, 16}, {10_000, 10_000, 64}} {
			n, took, peak := readLong(t, b, function.LogQuery{Name: f.Name, Tail: tt.tail})
			t.Logf("%d lines of 1000 bytes (tail %d) in %s, at most %d KiB of heap more than before", n, tt.tail, took, peak>>10)
			if n < tt.least || peak > tt.mebibytes<<20 {
				t.Errorf("tail %d: %d lines, want %d; %d KiB, want at most %d MiB", tt.tail, n, tt.least, peak>>10, tt.mebibytes)
			}
		}
	})
}

// within waits for what happens in another goroutine.
func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// sample is the time from when a line was sent to a function, and from Docker's stamp on it, to its emission.
type sample struct{ sent, stamped time.Duration }

// followedSoon measures how long lines take.
func followedSoon(t *testing.T, b *swarm.Backend, name string, write func(string)) {
	ctx, cancel := context.WithCancel(t.Context())
	ended, seen := make(chan error, 1), make(chan sample, 1)
	go func() {
		ended <- b.Logs(ctx, function.LogQuery{Name: name, Follow: true}, func(line function.LogLine) error {
			if strings.HasPrefix(line.Text, "sample ") {
				sent, err := strconv.ParseInt(line.Text[len("sample "):], 10, 64)
				if err != nil {
					return err
				}
				seen <- sample{time.Since(time.Unix(0, sent)), time.Since(line.Time)}
			}
			return nil
		})
	}()
	var sent, stamped []time.Duration
	for range 50 {
		write(fmt.Sprintf("sample %d\n", time.Now().UnixNano()))
		select {
		case d := <-seen:
			sent, stamped = append(sent, d.sent), append(stamped, d.stamped)
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(time.Minute):
			t.Fatal("a line was not followed")
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for what, all := range map[string][]time.Duration{"sent to the function": sent, "stamped by Docker": stamped} {
		slices.Sort(all)
		t.Logf("from when it was %s to emit: median %s, 95 %% %s, most %s", what, all[len(all)/2], all[len(all)*95/100], all[len(all)-1])
		if all[len(all)/2] > time.Second {
			t.Error("lines come late")
		}
	}
}

// readLong reads a log, and watches the heap.
func readLong(t *testing.T, b *swarm.Backend, q function.LogQuery) (n int, took time.Duration, peak uint64) {
	t.Helper()
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before := m.HeapInuse
	begun := time.Now()
	err := b.Logs(t.Context(), q, func(function.LogLine) error {
		if n++; n%5000 == 1 {
			runtime.ReadMemStats(&m)
			if m.HeapInuse > before {
				peak = max(peak, m.HeapInuse-before)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, time.Since(begun), peak
}
