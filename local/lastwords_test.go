package local

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

const endLine = `time=2026-11-23T10:15:00.000Z level=ERROR msg="function ended" err="function failed: exit status 1" restart_in=100ms`

func TestLastWords(t *testing.T) {
	var long []string
	for i := range 20 {
		long = append(long, fmt.Sprint("line ", i))
	}
	for _, c := range []struct {
		name  string
		lines []string
		ends  []string
		text  string
	}{
		{"nothing", nil, nil, ""},
		{"a last line", []string{"first", "last", ""}, nil, "last"},
		{"slow", []string{`time=2026-11-23T10:15:00.000Z level=INFO msg="watchdog ready" mode=http`}, nil, ""},
		{
			"the watchdog's own end",
			[]string{`time=2026-11-23T10:15:00.000Z level=ERROR msg="watchdog failed" err=x`},
			nil,
			`time=2026-11-23T10:15:00.000Z level=ERROR msg="watchdog failed" err=x`,
		},
		{
			"Python",
			[]string{
				"2026/11/23 10:15:00 stderr: Traceback (most recent call last):",
				`2026/11/23 10:15:00 stderr:   File "handler.py", line 4`,
				"2026/11/23 10:15:00 stderr:     def handle((",
				"2026/11/23 10:15:00 stderr:               ^",
				"2026/11/23 10:15:00 stderr: SyntaxError: '(' was never closed",
				endLine,
			},
			[]string{`exit status 1: File "handler.py", line 4 | def handle(( | SyntaxError: '(' was never closed`},
			`exit status 1: File "handler.py", line 4 | def handle(( | SyntaxError: '(' was never closed`,
		},
		{
			"Node",
			[]string{
				"/f/handler.js:3", "exports.handle = ((", "", "", "SyntaxError: Unexpected token '}'",
				"    at wrapSafe (node:internal/modules/cjs/loader:1378:20)", "    at node:internal/main/run_main_module:28:49",
				"    at Object.<anonymous> (/f/index.js:2:18)", "", "Node.js v20.20.2", endLine,
			},
			[]string{"exit status 1: /f/handler.js:3 | exports.handle = (( | SyntaxError: Unexpected token '}' | at Object.<anonymous> (/f/index.js:2:18)"},
			"exit status 1: /f/handler.js:3 | exports.handle = (( | SyntaxError: Unexpected token '}' | at Object.<anonymous> (/f/index.js:2:18)",
		},
		{
			"long", append(long, endLine),
			[]string{"exit status 1: line 0 | line 1 | line 2 | line 3 | … | line 14 | line 15 | line 16 | line 17 | line 18 | line 19"},
			"exit status 1: line 0 | line 1 | line 2 | line 3 | … | line 14 | line 15 | line 16 | line 17 | line 18 | line 19",
		},
		{"silent", []string{endLine}, []string{"exit status 1"}, "exit status 1"},
		{"twice", []string{"a", endLine, "b", endLine, "c"}, []string{"exit status 1: a", "exit status 1: b"}, "c"},
		{"one word", []string{`time=2026-11-23T10:15:00.000Z level=ERROR msg="function ended" err=EOF restart_in=10s`}, []string{"EOF"}, "EOF"},
		{"nobody listens", strings.Split(strings.Repeat(endLine+"\n", 9), "\n"), slices.Repeat([]string{"exit status 1"}, 4), "exit status 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newLastWords()
			for _, line := range c.lines {
				w.add([]byte(line))
			}
			var ends []string
			for len(w.ends) > 0 {
				ends = append(ends, <-w.ends)
			}
			if diff := cmp.Diff(c.ends, ends); diff != "" {
				t.Errorf("ends (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.text, w.text()); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

// broken is a function in mode http whose process ends before it listens, as one with a mistake in it.
func broken(script string) function.Function {
	f := function.Function{Name: "f", Process: "sh -c '" + script + "'"}
	f.Env = map[string]string{"mode": "http", "upstream_url": "http://127.0.0.1:8082"}
	return f
}

// TestBrokenFunctionIsTold holds that a function which ends before it is ready is told in its own words long before the time
// to start is over, and that what ran before runs on.
func TestBrokenFunctionIsTold(t *testing.T) {
	for name, prefix := range map[string]string{"prefixed": "true", "plain": "false"} {
		t.Run(name, func(t *testing.T) {
			f := run(t, Options{Watchdog: binaries().watchdog})
			f.deploy(echo("f"))
			f.awaitReady("f", 1)
			bad := broken(`echo "File handler.py, line 4" >&2; echo "SyntaxError: never closed" >&2; exit 3`)
			bad.Env["prefix_logs"] = prefix
			began := time.Now()
			if err := f.Update(t.Context(), bad); err != nil {
				t.Fatal(err)
			}
			st := f.await("f", "blocked", func(st function.Status) bool { return st.Blocked != "" })
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("told after %s", took)
			}
			want := " does not start: exit status 3: File handler.py, line 4 | SyntaxError: never closed"
			if _, got, _ := strings.Cut(st.Blocked, ":"); got != want {
				t.Errorf("blocked %q, want %q", got, want)
			}
			if st.Available() != 1 {
				t.Errorf("%d available, want the one of before", st.Available())
			}
			if err := f.Update(t.Context(), echo("f")); err != nil {
				t.Fatal(err)
			}
			f.await("f", "mended", func(st function.Status) bool { return st.Blocked == "" && st.Available() == 1 })
		})
	}
}

// TestSlowFunctionIsWaitedFor holds that one that only takes its time is not told of.
func TestSlowFunctionIsWaitedFor(t *testing.T) {
	f := run(t, Options{Watchdog: binaries().watchdog}, func(t *timing) { t.startTimeout = time.Second })
	f.deploy(broken("echo loading >&2; sleep 20"))
	st := f.await("f", "blocked", func(st function.Status) bool { return st.Blocked != "" })
	if want := "f replica 1: not ready after 1s: loading"; st.Blocked != want {
		t.Errorf("blocked %q, want %q", st.Blocked, want)
	}
}

// TestStumbles plays a replica whose function ends in it again and again.
func TestStumbles(t *testing.T) {
	simulate(t, func(s *sim) {
		const blocked = "f replica 1: does not start: exit status 1: boom"
		s.deploy()
		s.actor(1).say <- event{kind: eventStumbled, text: "exit status 1: boom"}
		s.want("told", s.status().Blocked, blocked)
		s.want("it goes on to try", s.states(), "1:starting")
		for range 3 { // as it is when the time to start is over
			s.actor(1).say <- event{kind: eventDied, reason: exitUnready, text: "not ready after 30s", lastLine: "other"}
			s.sleep(time.Minute)
			s.want("the next replica", s.status().Blocked, blocked)
			s.actor(1).say <- event{kind: eventStumbled, text: "exit status 1: boom"}
			s.want("told again", s.status().Blocked, blocked)
		}
		s.ready()
		s.want("when ready", s.status().Blocked, "")
	})
}
