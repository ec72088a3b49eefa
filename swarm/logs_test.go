package swarm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	api "github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/pkg/stdcopy"

	"faas/function"
	"faas/swarm/swarmtest"
)

func texts(lines []function.LogLine) []string {
	list := make([]string, 0, len(lines))
	for _, line := range lines {
		list = append(list, line.Text)
	}
	return list
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

// write has a replica of a write text by a clock of its own.
func (l lab) write(task int, at time.Time, stream stdcopy.StdType, text string) {
	l.Helper()
	if err := l.WriteAt(at, l.Tasks("a")[task].ID, stream, text); err != nil {
		l.Fatal(err)
	}
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

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
	tm.logIdle = 2 * time.Second // a loaded machine is not a lost node
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

// TestTailsAtOnce holds that only so many requests read tails at once, that one which waits ends with its context, and
// that a slow reader of lines keeps nobody waiting.
func TestTailsAtOnce(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	l.deploy("a", 1)
	l.write(0, at(1), swarmtest.Stdout, "one\n")
	for range viewsAtOnce {
		l.b.tails <- struct{}{}
	}
	asked := l.Calls()[swarmtest.LogsEndpoint]
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := l.b.Logs(ctx, function.LogQuery{Name: "a", Tail: 1}, func(function.LogLine) error { return nil })
	if !errors.Is(err, context.DeadlineExceeded) || l.Calls()[swarmtest.LogsEndpoint] != asked {
		t.Errorf("one too many: %v, and it read %d logs", err, l.Calls()[swarmtest.LogsEndpoint]-asked)
	}
	l.want(function.LogQuery{Name: "a"}, "one") // which holds no tail
	<-l.b.tails
	err = l.b.Logs(t.Context(), function.LogQuery{Name: "a", Tail: 1}, func(function.LogLine) error {
		l.want(function.LogQuery{Name: "a", Tail: 1}, "one")
		return nil
	})
	if err != nil {
		t.Error(err)
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

func patient(from io.Reader) *patientReader {
	return &patientReader{from: from, limit: time.Hour, timer: time.NewTimer(time.Hour)}
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
	err := copyTerminal(&r.streams[0], patient(strings.NewReader(log)))
	if err = errors.Join(err, r.streams[0].flush()); err != nil {
		t.Fatal(err)
	}
	if joined := strings.Join(got, "|"); len(got) < 6 || got[0] != "one" || got[1] != "" || got[len(got)-1] != "end" ||
		strings.Count(joined, "z") != 3*maxLogText || strings.Contains(joined, "2026") {
		t.Errorf("%d lines, %.100q", len(got), joined)
	}
}

// TestLinesKeepCharacters holds that long lines are cut between characters, and that what is none is not lost.
func TestLinesKeepCharacters(t *testing.T) {
	for _, char := range []string{"é", "€", "😀", "\xff", "\xf0\x9f"} {
		for _, size := range []int{16 << 10, 60 << 10, 100 << 10} { // of messages
			var got []string
			var r reading
			w := &r.streams[0]
			*w = lineWriter{of: &r, at: &mark{}, emit: func(line function.LogLine) error {
				got = append(got, line.Text)
				return nil
			}}
			long := "x" + strings.Repeat(char, maxLogText)
			for part := range slices.Chunk([]byte(long+"\n"), size) {
				if err := w.message([]byte("2026-11-01T12:00:00Z"), part); err != nil {
					t.Fatal(err)
				}
			}
			for _, text := range got {
				if utf8.ValidString(char) && !utf8.ValidString(text) {
					t.Errorf("a character is cut: %d bytes that end in %q", len(text), text[max(0, len(text)-4):])
				}
			}
			if strings.Join(got, "") != long {
				t.Errorf("lines of %q in messages of %d bytes are not what was written", char, size)
			}
		}
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
			if err := l.copy(&r, patient(bytes.NewReader(stream.Bytes()))); err == nil {
				_ = r.streams[0].flush() // emit has no error
			}
		}
	})
}
