package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

const hexID = "0123456789ab"

// testLog is a log file that a test writes to as replicas do.
type testLog struct {
	t    *testing.T
	logs *functionLogs
	*logFile
	slot int
}

func newTestLog(t *testing.T, logs *functionLogs, slot int) *testLog {
	t.Helper()
	l := &testLog{t: t, logs: logs, logFile: logs.file(slot), slot: slot}
	if err := l.open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}

// say writes a line of second n.
func (l *testLog) say(n int, text string) {
	l.t.Helper()
	r := logRecord{at: second(n), replica: fmt.Sprintf("%d.%s", l.slot, hexID), text: []byte(text)}
	if err := l.write(r.append(nil)); err != nil {
		l.t.Fatal(err)
	}
}

func second(n int) time.Time { return time.Unix(1_800_000_000+int64(n), 0).UTC() }

// testLogs are those of function f, whose files have so many bytes.
func testLogs(t *testing.T, maxSize int64) *functionLogs {
	t.Helper()
	b := newLogbook(t.TempDir())
	b.maxSize = maxSize
	return b.of("f")
}

// reading is a query of f's logs, without the backend around it.
func reading(logs *functionLogs, q function.LogQuery, emit func(function.LogLine) error) *logReader {
	q.Name = "f"
	r := &logReader{query: q, from: q.Since, emit: emit, logs: logs, replica: strings.TrimPrefix(q.Instance, "f.")}
	r.slot, _ = slotOf(r.replica)
	return r
}

// read answers a query without Follow, with the texts.
func read(t *testing.T, logs *functionLogs, q function.LogQuery) []string {
	t.Helper()
	var got []string
	r := reading(logs, q, func(l function.LogLine) error {
		got = append(got, l.Text)
		return nil
	})
	defer r.close()
	if err := r.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestLogRotates(t *testing.T) {
	logs := testLogs(t, 25)
	f := logs.file(1)
	for i := range 8 {
		if err := f.write(fmt.Appendf(nil, "line %d...\n", i)); err != nil {
			t.Fatal(err)
		}
	}
	f.close()
	if err := f.write([]byte("line 8...\n")); err != nil { // as after a restart of the replica
		t.Fatal(err)
	}
	f.close()
	got := map[string]string{}
	entries, err := os.ReadDir(logs.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(logs.dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(data)
	}
	want := map[string]string{"1.log": "line 8...\n", "1.log.1": "line 6...\nline 7...\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestReplicaLogSplitsLongLines(t *testing.T) {
	logs := testLogs(t, 1<<20)
	l, stdout, stderr, err := newReplicaLog(logs.file(1), &replica{id: "f.1." + hexID, function: "f"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", logMaxLine-1) + "\r" + strings.Repeat("y", 10)
	for file, text := range map[*os.File]string{stdout: long + "\r\n\nno end of line", stderr: "first\nlast\n\n"} {
		if _, err := file.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if last := l.close(); last != "last" {
		t.Errorf("last line of standard error %q", last)
	}
	got := map[string]int{}
	for _, text := range read(t, logs, function.LogQuery{Instance: "f.1." + hexID}) {
		got[text]++
	}
	want := map[string]int{long[:logMaxLine]: 1, long[logMaxLine:]: 1, "": 2, "no end of line": 1, "first": 1, "last": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// TestReplicaLogKeepsCharacters holds that long lines are split between characters, and that what is none is not lost.
func TestReplicaLogKeepsCharacters(t *testing.T) {
	for name, char := range map[string]string{"two bytes": "é", "three": "€", "four": "😀", "none": "\xff", "a beginning": "\xf0\x9f"} {
		t.Run(name, func(t *testing.T) {
			logs := testLogs(t, 1<<20)
			l, stdout, stderr, err := newReplicaLog(logs.file(1), &replica{id: "f.1." + hexID, function: "f"}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			long := "x" + strings.Repeat(char, logMaxLine)
			_, err = stdout.WriteString(long)
			if err = errors.Join(err, stdout.Close(), stderr.Close()); err != nil {
				t.Fatal(err)
			}
			l.close()
			got := read(t, logs, function.LogQuery{})
			for _, text := range got {
				if utf8.ValidString(char) && !utf8.ValidString(text) {
					t.Errorf("a character is split: %d bytes that end in %q", len(text), text[max(0, len(text)-4):])
				}
			}
			if strings.Join(got, "") != long {
				t.Error("it is not what was written")
			}
		})
	}
}

// TestTornLine has a file whose last line a crash or a full disk cut off.
func TestTornLine(t *testing.T) {
	logs := testLogs(t, 1<<20)
	writeFile(t, logs.dir, "1.log", "2027-01-15T08:00:00Z whole\n2027-01-15T08:00")
	newTestLog(t, logs, 1).say(5, "next")
	if diff := cmp.Diff([]string{"whole", "next"}, read(t, logs, function.LogQuery{})); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// TestTail compares every tail of two files that were renamed, and lie across the chunks in which they are read, with
// the end of the whole.
func TestTail(t *testing.T) {
	logs := testLogs(t, 3*logChunk/2)
	files := []*testLog{newTestLog(t, logs, 1), newTestLog(t, logs, 2)}
	var all []string
	for i := range 1200 {
		text := fmt.Sprintf("%d %s", i, strings.Repeat("x", i%700))
		files[i*i%7%2].say(i, text)
		all = append(all, text)
	}
	got := read(t, logs, function.LogQuery{})
	if len(got) < 300 || len(got) == len(all) {
		t.Fatalf("of %d lines there are %d, so that no file was renamed or both were twice", len(all), len(got))
	}
	for _, n := range []int{1, 2, 3, 99, 250, len(got) - 1, len(got), len(got) + 1, 5000} {
		want := got[max(0, len(got)-n):]
		if diff := cmp.Diff(want, read(t, logs, function.LogQuery{Tail: n})); diff != "" {
			t.Fatalf("the last %d (-want +got):\n%s", n, diff)
		}
	}
	for _, n := range []int{900, 1000, 1199} {
		if diff := cmp.Diff(all[n:], read(t, logs, function.LogQuery{Since: second(n)})); diff != "" {
			t.Errorf("since %d (-want +got):\n%s", n, diff)
		}
	}
	two := read(t, logs, function.LogQuery{Instance: "f.2." + hexID, Tail: 3, Since: second(1190)})
	if len(two) == 0 || len(two) > 3 {
		t.Errorf("of one replica there are %q", two)
	}
	if got := read(t, logs, function.LogQuery{Since: second(5000)}); len(got) > 0 {
		t.Errorf("since later there are %q", got)
	}
}

// TestTailReadsLittle has a log of 20 MB of which the last lines are wanted.
func TestTailReadsLittle(t *testing.T) {
	logs := testLogs(t, 10<<20)
	l := newTestLog(t, logs, 1)
	line := strings.Repeat("x", 1000)
	for i := range 15_000 {
		l.say(i, line)
	}
	r := reading(logs, function.LogQuery{Tail: 10}, func(function.LogLine) error { return nil })
	defer r.close()
	if err := r.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := r.sources[0]
	if left := s.parts[0].known - s.parts[0].off; len(s.parts) != 1 || left < 10_000 || left > 11_000 {
		t.Errorf("it begins %d bytes before the end of %d parts", left, len(s.parts))
	}
}

// TestLogsBeginWithTheFunction deploys a function anew, while a replica of the removed one still drains and writes.
func TestLogsBeginWithTheFunction(t *testing.T) {
	f := run(t, Options{})
	ctx := t.Context()
	texts := func() []string {
		var got []string
		err := f.Logs(ctx, function.LogQuery{Name: "f"}, func(l function.LogLine) error {
			got = append(got, l.Text)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	f.deploy(echo("f"))
	old := f.awaitReady("f", 1).Replicas[0]
	talk := func(text string) {
		f.call(old, "/spawn", "echo "+text+" >&2; echo; sleep 1000")
	}
	talk("one")
	eventually(t, 10*time.Second, "a line", func() bool { return len(texts()) == 1 })

	// It holds the old replica in its drain.
	slow := make(chan error, 1)
	go func() {
		_, err := call(ctx, old.Addr, "/slow?for=3s", "")
		slow <- err
	}()
	f.call(old, "/spawn", "while sleep 0.01; do echo late >&2; done & echo; wait")
	eventually(t, 10*time.Second, "the late line", func() bool { return len(texts()) > 2 })
	if err := f.Remove(ctx, "f"); err != nil {
		t.Fatal(err)
	}
	if err := f.Logs(ctx, function.LogQuery{Name: "f"}, nil); !errors.Is(err, function.ErrNotFound) {
		t.Errorf("logs of a removed function: %v", err)
	}
	f.deploy(echo("f"))
	seen := make(chan string, 1000)
	followed, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- f.Logs(followed, function.LogQuery{Name: "f", Follow: true}, func(l function.LogLine) error {
			seen <- l.Text
			return nil
		})
	}()
	r := f.awaitReady("f", 1).Replicas[0]
	file := filepath.Join(f.opts.DataDir, "logs", "f", "1.log")
	late := func() int {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(data), removedWord+"] late")
	}
	was := late()
	eventually(t, 10*time.Second, "more of the removed function's lines", func() bool { return late() > was })
	f.call(r, "/spawn", "echo mine >&2; echo; sleep 1000")
	if got := <-seen; got != "mine" {
		t.Errorf("of the new function came %q", got)
	}
	if diff := cmp.Diff([]string{"mine"}, texts()); diff != "" {
		t.Errorf("logs (-want +got):\n%s", diff)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Logs: %v", err)
	}
	<-slow
}

// TestLogsOfEarlierRuns has files of this version and of an older one.
func TestLogsOfEarlierRuns(t *testing.T) {
	dir := t.TempDir()
	stackFile := writeFile(t, t.TempDir(), "stack.yml", "functions: {f: {fprocess: cat}}") // to which nothing is changed
	f := run(t, Options{DataDir: dir, StackFile: stackFile})
	r := f.awaitReady("f", 1).Replicas[0]
	f.call(r, "/spawn", "echo one >&2; echo; sleep 1000")
	f.stop()
	old := time.Now().UTC().Format(time.RFC3339Nano) + " two\n"
	writeFile(t, filepath.Join(dir, "logs", "f"), "7.log", old)
	f = run(t, Options{DataDir: dir, StackFile: stackFile})
	var got []string
	if err := f.Logs(t.Context(), function.LogQuery{Name: "f"}, func(l function.LogLine) error {
		got = append(got, l.Instance+" "+l.Text)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{r.ID + " one", "f.7 two"}, got); diff != "" {
		t.Errorf("logs (-want +got):\n%s", diff)
	}
}

// BenchmarkLogs reads 90 MB of five replicas, and only their tail.
func BenchmarkLogs(b *testing.B) {
	book := newLogbook(b.TempDir())
	book.maxSize = 10 << 20
	logs := book.of("f")
	text := bytes.Repeat([]byte("x"), 100)
	for slot := 1; slot <= 5; slot++ {
		f := logs.file(slot)
		for i := range 120_000 {
			r := logRecord{at: second(i), replica: fmt.Sprintf("%d.%s", slot, hexID), text: text}
			if err := f.write(r.append(nil)); err != nil {
				b.Fatal(err)
			}
		}
		f.close()
	}
	for name, q := range map[string]function.LogQuery{"all": {}, "tail": {Tail: 100}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			lines := 0
			for b.Loop() {
				r := reading(logs, q, func(function.LogLine) error {
					lines++
					return nil
				})
				if err := r.run(b.Context()); err != nil {
					b.Fatal(err)
				}
				r.close()
			}
			b.ReportMetric(float64(lines)/float64(b.N), "lines/op")
		})
	}
}
