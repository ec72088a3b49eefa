package backendtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"faas/function"
)

// Logger shows what replicas wrote.
type Logger interface {
	Logs(ctx context.Context, q function.LogQuery, emit func(function.LogLine) error) error
}

// maxLogText is the longest text of a line. What a replica wrote in a longer one comes in pieces.
const maxLogText = 64 << 10

// writer is a function of s whose replicas write what they are sent.
func (s *suite) writer(name string) function.Function { return s.Writer(s.name(name)) }

// write has a replica write lines.
func (s *suite) write(r function.Replica, lines ...string) {
	s.Helper()
	s.must("Call", s.say(r, lines...))
}

func (s *suite) say(r function.Replica, lines ...string) error {
	_, err := s.Call(s.ctx(), r, strings.Join(lines, "\n")+"\n")
	return err
}

// marked are the lines that the suite had written: those that begin with its mark. A watchdog writes of its own.
func marked(lines []function.LogLine, mark string) []function.LogLine {
	return slices.DeleteFunc(slices.Clone(lines), func(l function.LogLine) bool { return !strings.HasPrefix(l.Text, mark) })
}

func texts(lines []function.LogLine) []string {
	list := make([]string, 0, len(lines))
	for _, l := range lines {
		list = append(list, l.Text)
	}
	return list
}

// logs is what there is, at once.
func (s *suite) logs(q function.LogQuery) []function.LogLine {
	s.Helper()
	var lines []function.LogLine
	ctx, cancel := context.WithTimeout(s.ctx(), s.Within)
	defer cancel()
	s.must("Logs", s.Backend.Logs(ctx, q, func(l function.LogLine) error {
		lines = append(lines, l)
		return nil
	}))
	if !slices.IsSortedFunc(lines, func(a, b function.LogLine) int { return a.Time.Compare(b.Time) }) {
		s.Error("the lines are not in order of time")
	}
	return lines
}

// logsWith waits until a line of this text is there: one that was written takes a moment to be kept.
func (s *suite) logsWith(q function.LogQuery, text string) []function.LogLine {
	s.Helper()
	deadline := time.NewTimer(s.Within)
	defer deadline.Stop()
	for {
		lines := s.logs(q)
		if slices.Contains(texts(lines), text) {
			return lines
		}
		pause := time.NewTimer(20 * time.Millisecond)
		select {
		case <-pause.C:
		case <-deadline.C:
			s.Fatalf("no line %q; there are %.2000q", text, texts(lines))
		}
	}
}

// tailing is a query with Follow under way.
type tailing struct {
	s     *suite
	end   context.CancelFunc
	ended chan error // gets what Logs returned

	mu    sync.Mutex
	lines []function.LogLine
	more  chan struct{}
}

// tail follows a function's lines until the test ends, or end is called.
func (s *suite) tail(q function.LogQuery) *tailing {
	s.Helper()
	q.Follow = true
	l := s.Backend
	ctx, cancel := context.WithCancel(context.Background())
	t := &tailing{s: s, end: cancel, ended: make(chan error, 1), more: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.ended <- l.Logs(ctx, q, t.take)
	}()
	s.Cleanup(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(s.Within):
			s.Error("Logs did not end with its context")
		}
	})
	return t
}

func (t *tailing) take(l function.LogLine) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, l)
	close(t.more)
	t.more = make(chan struct{})
	return nil
}

// await waits for a line of this text, and returns all until now.
func (t *tailing) await(text string) []function.LogLine {
	t.s.Helper()
	return t.until(fmt.Sprintf("a line %q", text), func(lines []function.LogLine) bool {
		return slices.Contains(texts(lines), text)
	})
}

// awaitMany waits for n lines.
func (t *tailing) awaitMany(n int) {
	t.s.Helper()
	t.until(fmt.Sprintf("%d lines", n), func(lines []function.LogLine) bool { return len(lines) >= n })
}

func (t *tailing) until(what string, ok func([]function.LogLine) bool) []function.LogLine {
	t.s.Helper()
	deadline := time.NewTimer(t.s.Within)
	defer deadline.Stop()
	for {
		t.mu.Lock()
		lines, more := slices.Clone(t.lines), t.more
		t.mu.Unlock()
		if ok(lines) {
			return lines
		}
		select {
		case <-more:
		case err := <-t.ended:
			t.s.Fatalf("Logs ended before %s: %v; there were %.2000q", what, err, texts(lines))
		case <-deadline.C:
			t.s.Fatalf("%s did not follow; there are %.2000q", what, texts(lines))
		}
	}
}

// result waits for the end, and returns what Logs did.
func (t *tailing) result() error {
	t.s.Helper()
	select {
	case err := <-t.ended:
		return err
	case <-time.After(t.s.Within):
		t.s.Fatal("Logs did not end")
		return nil
	}
}

// logged makes a function with n replicas write a line each, and each in its turn, rounds times: "line R N".
func (s *suite) logged(name string, n, rounds int) (st function.Status, want []string) {
	s.Helper()
	f := s.writer(name)
	s.deploy(f)
	if n != 1 {
		s.scale(f.Name, n)
	}
	st = s.awaitReady(f.Name, n)
	seen := s.tail(function.LogQuery{Name: f.Name})
	for round := range rounds {
		for i, r := range st.Replicas {
			text := fmt.Sprintf("line %d %d", i, round)
			s.write(r, text)
			seen.await(text) // so that the order is known
			want = append(want, text)
		}
	}
	seen.end()
	if err := seen.result(); !errors.Is(err, context.Canceled) {
		s.Errorf("Logs whose context ended: %v", err)
	}
	return st, want
}

// wantTexts compares what was emitted with what was written.
func (s *suite) wantTexts(what string, got []function.LogLine, want []string) {
	s.Helper()
	if !slices.Equal(texts(got), want) {
		s.Errorf("%s: lines %q, want %q", what, texts(got), want)
	}
}
