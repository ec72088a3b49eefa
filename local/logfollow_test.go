package local

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"faas/function"
)

// following is a query with Follow whose lines a test takes one by one.
type following struct {
	t     *testing.T
	lines chan function.LogLine
	ended chan error
	end   context.CancelFunc
}

func follow(t *testing.T, r *logReader) *following {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	f := &following{t: t, lines: make(chan function.LogLine), ended: make(chan error, 1), end: cancel}
	r.query.Follow = true
	r.emit = func(l function.LogLine) error {
		select {
		case f.lines <- l:
		case <-ctx.Done():
		}
		return nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.close()
		f.ended <- r.run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return f
}

func (f *following) next() string {
	f.t.Helper()
	select {
	case l := <-f.lines:
		return l.Text
	case err := <-f.ended:
		f.t.Fatalf("it ended: %v", err)
	case <-time.After(10 * time.Second):
		f.t.Fatal("no line comes")
	}
	return ""
}

func (f *following) want(texts ...string) {
	f.t.Helper()
	for _, want := range texts {
		if got := f.next(); got != want {
			f.t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func TestFollowAcrossRenamings(t *testing.T) {
	logs := testLogs(t, 1000)
	l := newTestLog(t, logs, 1)
	l.say(0, "before")
	l.say(1, "last")
	f := follow(t, reading(logs, function.LogQuery{Tail: 1}, nil))
	f.want("last")
	for i := range 500 {
		l.say(2+i, strconv.Itoa(i))
		f.want(strconv.Itoa(i))
	}
	if l.part < 10 {
		t.Errorf("the file was renamed %d times", l.part)
	}
	other := newTestLog(t, logs, 2)
	for i := range 100 {
		other.say(600+i, "other "+strconv.Itoa(i))
		f.want("other " + strconv.Itoa(i))
	}
	f.end()
	if err := <-f.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

// TestSlowFollower has one who takes nothing while the file is renamed again and again.
func TestSlowFollower(t *testing.T) {
	logs := testLogs(t, 1000)
	l := newTestLog(t, logs, 1)
	l.say(0, "first")
	f := follow(t, reading(logs, function.LogQuery{}, nil))
	f.want("first")
	l.say(1, "second")
	f.want("second")
	for i := range 200 { // which nobody holds up
		l.say(2+i, strconv.Itoa(i))
	}
	got, next := 0, f.next()
	for ; next == strconv.Itoa(got); next = f.next() {
		got++
	}
	if !strings.Contains(next, "lines are missing here") {
		t.Fatalf("after %d lines came %q", got, next)
	}
	from, err := strconv.Atoi(f.next())
	if err != nil || from <= got {
		t.Fatalf("after the lines that are missing came %d, %v", from, err)
	}
	for i := from + 1; i < 200; i++ {
		f.want(strconv.Itoa(i))
	}
	t.Logf("%d lines, then from %d on", got, from)
}

// TestSlotThatBeginsIsReadFromItsStart has a new slot whose file is renamed before the follower, who is slow, sees it.
func TestSlotThatBeginsIsReadFromItsStart(t *testing.T) {
	logs := testLogs(t, 1000)
	l := newTestLog(t, logs, 1)
	f := follow(t, reading(logs, function.LogQuery{}, nil))
	l.say(0, "a")
	f.want("a")
	l.say(1, "b") // which waits in emit
	other := newTestLog(t, logs, 2)
	for i := range 30 {
		other.say(2+i, strconv.Itoa(i))
	}
	if other.part != 1 {
		t.Fatalf("the file was renamed %d times", other.part)
	}
	f.want("b")
	for i := range 30 {
		f.want(strconv.Itoa(i))
	}
}
