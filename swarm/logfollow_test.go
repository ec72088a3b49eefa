package swarm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/pkg/stdcopy"

	"faas/function"
	"faas/swarm/swarmtest"
)

// followed are the lines of a query that follows.
type followed struct {
	l     lab
	ended chan error

	mu    sync.Mutex
	lines []function.LogLine
}

// follow follows until the test ends.
func (l lab) follow(q function.LogQuery) *followed {
	q.Follow = true
	ctx, cancel := context.WithCancel(context.Background())
	f := &followed{l: l, ended: make(chan error, 1)}
	go func() {
		f.ended <- l.b.Logs(ctx, q, func(line function.LogLine) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.lines = append(f.lines, line)
			return nil
		})
	}()
	l.Cleanup(func() {
		cancel()
		select {
		case <-f.ended:
		case <-time.After(10 * time.Second):
			l.Error("Logs does not end with its context")
		}
	})
	return f
}

func (f *followed) texts() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return texts(f.lines)
}

// reads waits until as many lines were emitted, which must be these.
func (f *followed) reads(what string, want ...string) {
	f.l.Helper()
	f.l.until(what, func() bool { return len(f.texts()) >= len(want) })
	if got := f.texts(); !slices.Equal(got, want) {
		f.l.Fatalf("%s: %q, want %q", what, got, want)
	}
}

// TestFollowOverBreaks breaks the connections all the time while two replicas write, one of them by a clock that is an hour
// behind, and many lines at the same moment.
func TestFollowOverBreaks(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 2)
	var want [2][2][]string // by replica and stream: two streams of one moment have no order
	clocks := [2]time.Time{at(0), at(-3600)}
	write := func(i, n int) {
		for task := range 2 {
			stream := (i / 3) % 2
			text := fmt.Sprintf("%d-%d-%d", task, stream, i)
			l.write(task, clocks[task].Add(time.Duration(i/n)*time.Millisecond), stdcopy.StdType(1+stream), text+"\n")
			want[task][stream] = append(want[task][stream], text)
		}
	}
	for i := range 50 {
		write(i, 7)
	}
	f := l.follow(function.LogQuery{Name: "a"})
	for i := 50; i < 2000; i++ {
		write(i, 7)
		if i%100 == 0 {
			l.until("followers", func() bool { return l.LogReaders() == 2 })
			if l.BreakLogs() != 2 {
				t.Fatal("nobody was sent away")
			}
		}
		if i == 1000 {
			if err := l.Restart(t.Context(), 20*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.until("the last lines", func() bool { return len(f.texts()) >= 4000 })
	for task := range 2 {
		for stream := range 2 {
			prefix := fmt.Sprintf("%d-%d-", task, stream)
			got := slices.DeleteFunc(f.texts(), func(text string) bool { return !strings.HasPrefix(text, prefix) })
			if !slices.Equal(got, want[task][stream]) {
				t.Errorf("stream %d of replica %d: %d lines, want %d in their order", stream, task, len(got), len(want[task][stream]))
			}
		}
	}
}

// TestFollowCrashes holds that each replica of a function that crashes again and again is heard once.
func TestFollowCrashes(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 1)
	f := l.follow(function.LogQuery{Name: "a"})
	l.until("a follower", func() bool { return l.LogReaders() == 1 })
	l.Behave("a", swarmtest.Behaviour{Crash: true, CrashAfter: 100 * time.Millisecond, Writes: "it is out\nof order"})
	if err := l.Kill(l.Tasks("a")[0].ID); err != nil {
		t.Fatal(err)
	}
	l.until("three crashes", func() bool { return len(f.texts()) >= 6 })
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := map[string]string{}
	for _, line := range f.lines {
		seen[line.Instance] += line.Text + "|"
	}
	for id, got := range seen {
		if got != "it is out|of order|" && got != "it is out|" {
			t.Errorf("replica %s wrote %q", id, got)
		}
	}
	if len(seen) < 3 {
		t.Errorf("%d replicas were heard", len(seen))
	}
}

// TestFollowTail holds that the tail and what follows are what was written, where Docker's own tail is one of messages
// and of both streams.
func TestFollowTail(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 2)
	for i := range 100 {
		l.write(0, at(float64(i)), swarmtest.Stdout, fmt.Sprintf("%d\n", i))
	}
	long := strings.Repeat("x", 300_000)
	l.write(0, at(98.5), swarmtest.Stderr, "quiet\n")
	l.write(1, at(98.7), swarmtest.Stdout, "other\n")
	l.write(0, at(200), swarmtest.Stdout, long+"\n")
	pieces := []string{long[:maxLogText], long[:maxLogText], long[:maxLogText], long[:maxLogText], long[4*maxLogText:]}
	l.want(function.LogQuery{Name: "a", Tail: 1}, pieces[4])
	l.want(function.LogQuery{Name: "a", Tail: 3}, pieces[2:]...)
	want := append([]string{"98", "quiet", "other", "99"}, pieces...)
	for n := 1; n <= len(want); n++ {
		l.want(function.LogQuery{Name: "a", Tail: n}, want[len(want)-n:]...)
	}
	var all []*followed
	for n := 1; n <= len(want); n++ {
		all = append(all, l.follow(function.LogQuery{Name: "a", Tail: n}))
	}
	l.until("all to follow", func() bool { return l.LogReaders() == 2*len(all) })
	l.write(0, at(200), swarmtest.Stderr, "at the same time\n")
	l.write(0, at(200), swarmtest.Stdout, "at the same time too\n")
	for n, f := range all {
		f.reads("tail and what follows", append(slices.Clone(want[len(want)-n-1:]), "at the same time", "at the same time too")...)
	}
}

// TestFollowAfterShortTail holds that what stands before a tail does not come after it: a little is read again there, and a
// stream of which the tail had nothing is not known.
func TestFollowAfterShortTail(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 1)
	l.write(0, at(1), swarmtest.Stderr, "quiet\n")
	for i := range 200 {
		l.write(0, at(1.1+float64(i)/1000), swarmtest.Stdout, fmt.Sprintf("%d\n", i))
	}
	f := l.follow(function.LogQuery{Name: "a", Tail: 2})
	l.until("a follower", func() bool { return l.LogReaders() == 1 })
	l.write(0, at(2), swarmtest.Stderr, "new\n")
	f.reads("the tail and the new", "198", "199", "new")
}

// TestFollowWhatWasMissed is about lines that are written while the engine gives nobody a log: by a stream that is stamped
// a little late, and by a replica that ends meanwhile.
func TestFollowWhatWasMissed(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 1)
	l.write(0, at(1), swarmtest.Stdout, "one\n")
	f := l.follow(function.LogQuery{Name: "a"})
	l.until("a follower", func() bool { return l.LogReaders() == 1 })
	away := func(do func()) {
		l.Inject(swarmtest.Fault{Endpoint: swarmtest.LogsEndpoint, Times: -1, Status: 503})
		l.BreakLogs()
		do()
		l.Heal()
	}
	away(func() { l.write(0, at(0.9), swarmtest.Stderr, "late\n") })
	f.reads("a late line", "one", "late")
	away(func() {
		l.write(0, at(2), swarmtest.Stdout, "last words\n")
		first := l.Tasks("a")[0].ID
		if err := l.Kill(first); err != nil {
			t.Fatal(err)
		}
		asked := l.Calls()[swarmtest.LogsEndpoint]
		l.until("the new replica to be known, and much asking", func() bool {
			s, err := l.b.Function(t.Context(), "a")
			return err == nil && s.Available() == 1 && !strings.Contains(s.Replicas[0].ID, first) &&
				l.Calls()[swarmtest.LogsEndpoint] > asked+3*logTries
		})
	})
	f.reads("its last words", "one", "late", "last words")
}

// TestFollowSilence holds that a stream of which nothing comes any more is not trusted for ever.
func TestFollowSilence(t *testing.T) {
	tm := quick()
	tm.logSilence = 100 * time.Millisecond
	l := startLab(t, swarmtest.Options{}, tm)
	l.deploy("a", 1)
	l.write(0, at(1), swarmtest.Stdout, "one\n")
	f := l.follow(function.LogQuery{Name: "a"})
	l.until("a follower", func() bool { return l.LogReaders() == 1 })
	l.MuteLogs()
	l.write(0, at(2), swarmtest.Stdout, "two\n")
	f.reads("what came in the silence", "one", "two")
}

// TestFollowAfterMissedTail holds that what a tail could not have does not come when it can be had.
func TestFollowAfterMissedTail(t *testing.T) {
	tm := quick()
	tm.logIdle = 2 * time.Second
	l := startLab(t, swarmtest.Options{}, tm)
	l.deploy("a", 1)
	l.write(0, at(1), swarmtest.Stdout, "old\n")
	l.Inject(swarmtest.Fault{Endpoint: swarmtest.LogsEndpoint, Times: 1, Hang: true})
	f := l.follow(function.LogQuery{Name: "a", Tail: 3})
	l.until("a follower", func() bool { return l.LogReaders() == 1 })
	l.write(0, time.Now(), swarmtest.Stdout, "new\n")
	f.reads("the new", "new")
}

// TestFollowInOrder holds that lines which have come together are emitted in order of time.
func TestFollowInOrder(t *testing.T) {
	f := &follower{lines: make(chan function.LogLine, 3)}
	for _, n := range []int{3, 1, 2} {
		f.lines <- function.LogLine{Time: at(float64(n)), Text: fmt.Sprint(n)}
	}
	got := ""
	err := f.emit(function.LogLine{Time: at(2), Text: "0"}, func(line function.LogLine) error {
		got += line.Text
		return nil
	})
	if err != nil || got != "1023" {
		t.Errorf("%s, %v", got, err)
	}
}
