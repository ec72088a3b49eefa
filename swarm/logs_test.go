package swarm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	api "github.com/docker/docker/api/types/swarm"

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

func texts(lines []function.LogLine) []string {
	list := make([]string, 0, len(lines))
	for _, line := range lines {
		list = append(list, line.Text)
	}
	return list
}

// reads waits until just these lines were emitted, after some time in which no others came.
func (f *followed) reads(what string, want ...string) {
	f.l.Helper()
	f.l.until(what, func() bool { return len(f.texts()) >= len(want) })
	if got := f.texts(); !slices.Equal(got, want) {
		f.l.Fatalf("%s: %q, want %q", what, got, want)
	}
}

func (l lab) logs(q function.LogQuery) []function.LogLine {
	l.Helper()
	var lines []function.LogLine
	err := l.b.Logs(l.Context(), q, func(line function.LogLine) error {
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		l.Fatal(err)
	}
	return lines
}

func (l lab) want(q function.LogQuery, want ...string) {
	l.Helper()
	if got := texts(l.logs(q)); !slices.Equal(got, want) {
		l.Errorf("%+v: %.300q, want %.300q", q, got, want)
	}
}

// write has the replicas write a line each at a time of theirs.
func (l lab) write(task int, at time.Time, stream stdcopy.StdType, text string) {
	l.Helper()
	if err := l.WriteAt(at, l.Tasks("a")[task].ID, stream, text); err != nil {
		l.Fatal(err)
	}
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

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

// TestLogsOverABreak breaks the connection at every place of what is there already.
func TestLogsOverABreak(t *testing.T) {
	tm := quick()
	tm.retry, tm.retryMax = time.Millisecond, time.Millisecond
	l := startLab(t, swarmtest.Options{}, tm)
	l.deploy("a", 1)
	var want []string
	for i := range 6 {
		l.write(0, at(float64(i/3)), swarmtest.Stdout, fmt.Sprintf("out %d\n", i))
		l.write(0, at(float64(i/3)), swarmtest.Stderr, fmt.Sprintf("err %d\n", i))
		want = append(want, fmt.Sprintf("out %d", i), fmt.Sprintf("err %d", i))
	}
	for n := 1; n < 600; n += 7 {
		for _, tail := range []int{0, 12} {
			l.Inject(swarmtest.Fault{Endpoint: swarmtest.LogsEndpoint, Times: 2, BreakAfter: n})
			got := texts(l.logs(function.LogQuery{Name: "a", Tail: tail}))
			l.Heal()
			slices.Sort(got)
			if sorted := slices.Sorted(slices.Values(want)); !slices.Equal(got, sorted) {
				t.Fatalf("broken after %d bytes, tail %d: %q, want %q", n, tail, got, sorted)
			}
		}
	}
	l.Inject(swarmtest.Fault{Endpoint: swarmtest.LogsEndpoint, Times: -1, BreakAfter: 30})
	err := l.b.Logs(t.Context(), function.LogQuery{Name: "a"}, func(function.LogLine) error { return nil })
	if !errors.Is(err, function.ErrUnavailable) {
		t.Errorf("an engine that always breaks: %v, want unavailable", err)
	}
}

// TestLogsOfLostNode holds that what a node does not give keeps nobody waiting, whether the engine says so or hangs.
func TestLogsOfLostNode(t *testing.T) {
	tm := quick()
	tm.logIdle = 100 * time.Millisecond
	l := startLab(t, swarmtest.Options{Nodes: []swarmtest.Node{{Hostname: "one"}, {Hostname: "two"}}}, tm)
	l.deploy("a", 2)
	l.write(0, at(1), swarmtest.Stdout, "first\n")
	l.write(1, at(2), swarmtest.Stdout, "second\n")
	for _, tail := range []int{0, 5} {
		l.Inject(swarmtest.Fault{Endpoint: swarmtest.LogsEndpoint, Times: 2, Hang: true})
		l.want(function.LogQuery{Name: "a", Tail: tail})
		l.want(function.LogQuery{Name: "a", Tail: tail}, "first", "second")
	}
	lost := l.Tasks("a")[1]
	nodes := map[string]string{}
	for i, task := range l.Tasks("a") {
		nodes[task.NodeID] = []string{"one", "two"}[i]
	}
	l.LoseEvents(-1)
	for _, host := range []string{"one", "two"} {
		_ = l.UpdateNode(host, func(n *api.Node) {
			if n.ID == lost.NodeID {
				n.Status.State = api.NodeStateDown
			}
		})
	}
	for _, tail := range []int{0, 5} {
		l.want(function.LogQuery{Name: "a", Tail: tail}, "first")
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

// TestFollowAfterMissedTail holds that what a tail could not have does not come when it can be had.
func TestFollowAfterMissedTail(t *testing.T) {
	tm := quick()
	tm.logIdle = 50 * time.Millisecond
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

// TestLogsOfTwoStreams holds that lines of a replica's two streams are in order of time, and an end without a line's end
// is a line.
func TestLogsOfTwoStreams(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 1)
	l.write(0, at(1), swarmtest.Stdout, "one\r\n\n")
	l.write(0, at(3), swarmtest.Stdout, strings.Repeat("y", maxLogText)+"\n")
	l.write(0, at(2), swarmtest.Stderr, "two\n")
	l.write(0, at(4), swarmtest.Stdout, "the rest")
	want := []string{"one", "", "two", strings.Repeat("y", maxLogText), "the rest"}
	l.want(function.LogQuery{Name: "a"}, want...)
	l.want(function.LogQuery{Name: "a", Tail: 4}, want[1:]...)
	l.want(function.LogQuery{Name: "a", Since: at(2)}, want[2:]...)
	l.want(function.LogQuery{Name: "a", Since: at(2), Tail: 100}, want[2:]...)
}

// TestLogsOfTerminal is about a service made by hand whose containers have a terminal: their log has no frames.
func TestLogsOfTerminal(t *testing.T) {
	log := "2026-11-01T12:00:00.000000001Z one\r\n2026-11-01T12:00:01.000000000Z \r\n2026-11-01T12:00:02.000000000Z " +
		strings.Repeat("z", 3*maxLogText) + "\r\n2026-11-01T12:00:03.000000000Z end"
	var got []string
	var r reading
	r.streams[0] = lineWriter{of: &r, at: &mark{}, emit: func(line function.LogLine) error {
		got = append(got, line.Text)
		return nil
	}}
	err := copyTerminal(&r.streams[0], &patientReader{from: strings.NewReader(log)})
	if err = errors.Join(err, r.streams[0].flush()); err != nil {
		t.Fatal(err)
	}
	if joined := strings.Join(got, "|"); len(got) < 6 || got[0] != "one" || got[1] != "" || got[len(got)-1] != "end" ||
		strings.Count(joined, "z") != 3*maxLogText || strings.Contains(joined, "2026") {
		t.Errorf("%d lines, %.100q", len(got), joined)
	}
}

// TestLogsOfGlobalService holds that replicas that have a node and no slot are called as everywhere else.
func TestLogsOfGlobalService(t *testing.T) {
	l := startLab(t, swarmtest.Options{Nodes: []swarmtest.Node{{Hostname: "one"}, {Hostname: "two"}}}, quick())
	if _, err := l.CreateService(api.ServiceSpec{
		Annotations: api.Annotations{Name: "a", Labels: map[string]string{"function": "true"}},
		Mode:        api.ServiceMode{Global: &api.GlobalService{}},
		TaskTemplate: api.TaskSpec{
			ContainerSpec: &api.ContainerSpec{Image: "x:1"}, Networks: []api.NetworkAttachmentConfig{{Target: "functions"}},
		},
	}); err != nil {
		t.Fatal(err)
	}
	l.ready("a", 2)
	s, err := l.b.Function(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	for i, task := range l.Tasks("a") {
		l.write(i, at(float64(i)), swarmtest.Stdout, task.ID+"\n")
	}
	for _, r := range s.Replicas {
		lines := l.logs(function.LogQuery{Name: "a", Instance: r.ID})
		if len(lines) != 1 || !strings.HasSuffix(r.ID, "."+lines[0].Text) || lines[0].Instance != r.ID {
			t.Errorf("replica %s: %+v", r.ID, lines)
		}
	}
}

// FuzzLogStream holds that whatever comes in frames ends without a panic, and that no piece of a line is too long.
func FuzzLogStream(f *testing.F) {
	f.Add([]byte("2026-11-01T12:00:00Z a\n"), []byte("2026-11-01T12:00:00Z b"))
	f.Add([]byte("no time"), []byte(""))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var stream bytes.Buffer
		for i, text := range [][]byte{first, second, first} {
			_, _ = stdcopy.NewStdWriter(&stream, stdcopy.StdType(1+i%2)).Write(text) // a buffer takes all
		}
		for _, terminal := range []bool{false, true} {
			var r reading
			l := &taskLog{terminal: terminal}
			for i := range r.streams {
				r.streams[i] = lineWriter{of: &r, at: &l.read[i], emit: func(line function.LogLine) error {
					if len(line.Text) > maxLogText {
						t.Errorf("a piece of %d bytes", len(line.Text))
					}
					return nil
				}}
			}
			if err := l.copy(&r, &patientReader{from: bytes.NewReader(stream.Bytes())}); err == nil {
				_ = r.streams[0].flush() // emit has no error
			}
		}
	})
}
