package usage

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// stat is a process of a made-up /proc.
type stat struct {
	pid, parent  int
	name         string
	user, waited int // ticks
	own, shared  int // pages
}

func (s stat) files() map[string]string {
	dir := strconv.Itoa(s.pid) + "/"
	return map[string]string{
		dir + "stat":  fmt.Sprintf("%d (%s) S %d 1 1 0 -1 0 0 0 0 0 %d 0 %d 0 20 0\n", s.pid, s.name, s.parent, s.user, s.waited),
		dir + "statm": fmt.Sprintf("999 %d %d 0 0 0 0\n", s.own+s.shared, s.shared),
	}
}

func made(t testing.TB, stats ...stat) string {
	t.Helper()
	all := make(map[string]string)
	for _, s := range stats {
		for name, text := range s.files() {
			all[name] = text
		}
	}
	return files(t, all)
}

func TestTreeSumsUp(t *testing.T) {
	t.Parallel()
	page := float64(os.Getpagesize())
	family := []stat{
		{pid: 1, name: "init", user: 1000, own: 1000},
		{pid: 2, parent: 1, name: "fwatchdog", user: 100, waited: 50, own: 10, shared: 20},
		{pid: 3, parent: 2, name: "a (b) c", user: 10, own: 1, shared: 5},
		{pid: 4, parent: 3, name: "a (b) c", user: 20, own: 2, shared: 6},
		{pid: 5, parent: 2, name: "other", user: 40, own: 4, shared: 7},
		{pid: 6, parent: 2, name: "fwatchdog", own: 500, shared: 20}, // not yet anything else
		{pid: 7, parent: 1, name: "orphan", user: 5000, own: 5000},
	}
	got, err := newTree(made(t, family...), 2, 2).sample()
	if err != nil {
		t.Fatal(err)
	}
	want := sample{cpu: 2.2, memory: (10 + 1 + 2 + 4 + 20 + 6 + 7) * page}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, err = newTree(made(t, family...), 1, 2).sample(); err != nil || got.cpu != 62.2 {
		t.Errorf("with its init: got %+v %v", got, err)
	}
	if got, err := newTree(made(t, family[0]), 2, 2).sample(); err == nil {
		t.Errorf("without the root: got %+v", got)
	}
}

// A process that leaves the tree takes its time with it, but not out of the sum.
func TestTreeNeverCountsDown(t *testing.T) {
	t.Parallel()
	root := stat{pid: 2, name: "fwatchdog", user: 100}
	child := stat{pid: 3, parent: 2, name: "cat", user: 300}
	tr := newTree(made(t, root, child), 2, 2)
	for i, step := range []struct {
		stats []stat
		want  float64
	}{
		{[]stat{root, child}, 4},
		{[]stat{root}, 4}, // it went to another parent
		{[]stat{{pid: 2, name: "fwatchdog", user: 150}}, 4.5},
		{[]stat{{pid: 2, name: "fwatchdog", user: 150, waited: 20}}, 4.7},
	} {
		tr.proc = made(t, step.stats...)
		if got, err := tr.sample(); err != nil || got.cpu != step.want {
			t.Errorf("step %d: got %+v %v, want %v", i, got, err, step.want)
		}
	}
}

// burning starts a test binary that has used so much time when this returns.
func burning(t *testing.T, d time.Duration, name string, args ...string) (end func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", fmt.Sprintf("%s=%d", burnVariable, d.Milliseconds()))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("got %q %v", line, err)
	}
	return func() {
		t.Helper()
		in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// The kernel's own account of this process and its ended children is exact.
func TestTreeIsExact(t *testing.T) {
	const each = 100 * time.Millisecond
	tr := newTree("/proc", os.Getpid(), os.Getpid())
	if !tr.listed {
		t.Log("the kernel does not list children: every process is asked")
	}
	seconds := func() time.Duration {
		t.Helper()
		s, err := tr.sample()
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(s.cpu * float64(time.Second))
	}
	const grain = 4 * time.Second / ticks // of each figure that the sums are made of
	for name, command := range map[string][]string{
		"child":      {os.Args[0]},
		"grandchild": {"sh", "-c", `"$0"; :`, os.Args[0]},
	} {
		before := seconds()
		end := burning(t, each, command[0], command[1:]...)
		if got := seconds() - before; got < each-grain {
			t.Errorf("%s: %s were counted while it runs, want %s", name, got, each)
		}
		end()
	}
	exact := used(syscall.RUSAGE_SELF) + used(syscall.RUSAGE_CHILDREN)
	if got := seconds(); (got - exact).Abs() > grain {
		t.Errorf("counted %s, the kernel %s", got, exact)
	}
}

// With and without the kernel's lists the tree is the same.
func TestTreeBothWays(t *testing.T) {
	defer burning(t, time.Millisecond, "sh", "-c", `"$0"; :`, os.Args[0])()
	tr := newTree("/proc", os.Getpid(), os.Getpid())
	if !tr.listed {
		t.Skip("the kernel does not list children")
	}
	pids := func() []int {
		t.Helper()
		children, err := tr.children()
		if err != nil {
			t.Fatal(err)
		}
		all := []int{tr.root}
		for i := 0; i < len(all); i++ {
			all = append(all, children(all[i])...)
		}
		slices.Sort(all)
		return all
	}
	listed := pids()
	tr.listed = false
	if asked := pids(); !slices.Equal(listed, asked) || len(asked) != 3 {
		t.Errorf("listed %v, asked %v, want this process, sh and its child", listed, asked)
	}
}

func TestCollector(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	reg.MustRegister(New(true))
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v %v", problems, err)
	}
	if n, err := testutil.GatherAndCount(reg, "faas_function_cpu_seconds_total", "faas_function_memory_bytes"); err != nil || n != 2 {
		t.Errorf("%d metrics, %v", n, err)
	}
	// Where nothing can be read the other metrics are still served.
	broken := prometheus.NewRegistry()
	broken.MustRegister(newCollector(newTree(t.TempDir(), 1, 1)), prometheus.NewGauge(prometheus.GaugeOpts{Name: "other"}))
	if n, err := testutil.GatherAndCount(broken); err != nil || n != 1 {
		t.Errorf("%d metrics, %v", n, err)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("3 (a (b) c) S 2 1 1 0 -1 0 0 0 0 0 10 0 0 0 20 0"))
	f.Add([]byte(")("))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := parseStat(text); err == nil && !bytes.Contains(text, []byte("("+p.program+")")) {
			t.Errorf("%q has no program %q", text, p.program)
		}
	})
}

func BenchmarkSample(b *testing.B) {
	for name, listed := range map[string]bool{"listed": true, "asked": false} {
		b.Run(name, func(b *testing.B) {
			tr := newTree("/proc", os.Getpid(), os.Getpid())
			tr.listed = tr.listed && listed
			processes, _ := filepath.Glob("/proc/[0-9]*")
			b.ReportMetric(float64(len(processes)), "processes")
			for b.Loop() {
				if _, err := tr.sample(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
