package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faas/function"
	"faas/internal/board"
)

// These run the real watchdog and the sample functions.

func runSamples(t testing.TB) *fixture {
	t.Helper()
	return run(t, Options{
		StackFile: "../functions/stack.yml", Watchdog: binaries().watchdog, Path: []string{binaries().dir},
	})
}

func TestSamples(t *testing.T) {
	f := runSamples(t)
	for _, c := range []struct{ name, body, path, want string }{
		{"echoit", "hello", "/", "hello"},
		{"wordcount", "one two\nthree\n", "/", "2"},
		{"nodeinfo", "", "/a?b=c", "/a?b=c"},
		{"work", "body", "/?size=5&cpu=1ms", "....."},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.awaitReady(c.name, 1)
			f.scale(c.name, 2)
			for _, r := range f.awaitReady(c.name, 2).Replicas {
				if got := f.call(r, c.path, c.body); !strings.Contains(got, c.want) {
					t.Errorf("%s answers %q", r.ID, got)
				}
			}
			logs, err := filepath.Glob(filepath.Join(f.opts.DataDir, "logs", c.name, "[12].log"))
			if err != nil || len(logs) != 2 {
				t.Errorf("logs %v, %v", logs, err)
			}
		})
	}
	if data, err := os.ReadFile(filepath.Join(f.opts.DataDir, "state.json")); err != nil || !strings.Contains(string(data), `"desired": 2`) {
		t.Errorf("state %s, %v", data, err)
	}
}

func TestWatchdogScales(t *testing.T) {
	f := run(t, Options{Watchdog: binaries().watchdog})
	f.deploy(echo("f"))
	f.awaitReady("f", 1)
	began := time.Now()
	f.scale("f", 12)
	f.awaitReady("f", 12)
	t.Logf("1→12 ready after %s", time.Since(began))
	f.scale("f", 0)
	f.awaitReady("f", 0)
	began = time.Now()
	f.scale("f", 1)
	f.awaitReady("f", 1)
	t.Logf("0→1 ready after %s", time.Since(began))
}

// BenchmarkScale measures from the order to the last replica's first ready answer.
func BenchmarkScale(b *testing.B) {
	f := run(b, Options{Watchdog: binaries().watchdog})
	f.deploy(echo("f"))
	for _, c := range []struct {
		name     string
		from, to int
	}{{"0→1", 0, 1}, {"1→12", 1, 12}} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				f.scale("f", c.from)
				f.awaitReady("f", c.from)
				b.StartTimer()
				f.scale("f", c.to)
				f.awaitReady("f", c.to)
			}
		})
	}
}

// BenchmarkSnapshot measures what one change of a hundred functions with five replicas each costs.
func BenchmarkSnapshot(b *testing.B) {
	s := &supervisor{board: board.New(), functions: map[string]*deployed{}}
	for i := range 100 {
		name := "f" + strings.Repeat("x", i)
		d := &deployed{}
		d.define(echo(name), spec{})
		for n := range 5 {
			d.slots = append(d.slots, &slot{number: n, state: function.ReplicaReady, replica: &replica{id: name}})
		}
		s.functions[name] = d
	}
	b.ReportAllocs()
	for b.Loop() {
		s.changed = true
		s.publish()
	}
}

// TestShutdownLeavesADrainAlone ends the backend while a replica drains already. The watchdog takes a
// second SIGTERM for an order to end at once.
func TestShutdownLeavesADrainAlone(t *testing.T) {
	f := run(t, Options{Watchdog: binaries().watchdog}, func(t *timing) { t.shutdownTimeout = 10 * time.Second })
	fn := echo("f")
	fn.Process = "sh -c 'echo begun >&2; sleep 1; echo done'"
	fn.Env = map[string]string{"combine_output": "false"}
	f.deploy(fn)
	r := f.awaitReady("f", 1).Replicas[0]
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := call(t.Context(), r.Addr, "/", "")
		answers <- answer{text, err}
	}()
	said := func(what string) func() bool {
		return func() bool {
			data, _ := os.ReadFile(filepath.Join(f.opts.DataDir, "logs", "f", "1.log"))
			return strings.Contains(string(data), what)
		}
	}
	eventually(t, 5*time.Second, "the function runs", said("begun"))
	f.scale("f", 0)
	eventually(t, 5*time.Second, "the watchdog drains", said("watchdog draining"))
	f.stop()
	if a := <-answers; a.text != "done\n" || a.err != nil {
		t.Errorf("the request in flight got %q, %v", a.text, a.err)
	}
}
