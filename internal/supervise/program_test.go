package supervise

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// run runs p until the test ends or stop is called, which returns Run's error.
func run(t *testing.T, p *Program) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- p.Run(ctx) }()
	stopped := false
	stop = func() error {
		stopped = true
		cancel()
		return <-result
	}
	t.Cleanup(func() {
		if !stopped {
			_ = stop() // the test failed for another reason
		}
	})
	return stop
}

func program(t *testing.T, opts ProgramOptions) *Program {
	t.Helper()
	p, err := NewProgram(opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProgramStartsAndStops(t *testing.T) {
	p := program(t, options(t.TempDir(), "serve", freeAddr(t)))
	stop := run(t, p)
	<-p.Ready()
	pid := p.PID()
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if alive(pid) {
		t.Errorf("process %d still lives", pid)
	}
}

func TestProgramIsStartedAgain(t *testing.T) {
	events := make(chan Event, 8)
	opts := options(t.TempDir(), "serve", freeAddr(t))
	opts.Report = func(e Event) { events <- e }
	opts.MinBackoff = time.Millisecond
	p := program(t, opts)
	stop := run(t, p)
	<-p.Ready()
	for want := range 2 {
		first := p.PID()
		if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		died, ready := <-events, <-events
		backoff := time.Millisecond << want
		if got, want := died.String(), fmt.Sprintf("signal: killed; starting it again in %s", backoff); got != want {
			t.Errorf("event %q, want %q", got, want)
		}
		if got := ready.String(); !strings.HasPrefix(got, "started again in ") {
			t.Errorf("event %q, want that it is ready again", got)
		}
		if p.PID() == first {
			t.Errorf("still process %d", first)
		}
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestProgramThatNeverWorked(t *testing.T) {
	for _, test := range []struct {
		name, mode, want string
		change           func(*ProgramOptions)
	}{
		{name: "ends", mode: "fail", want: "start child: exit status 3\n  line 2\n  line 3\n  no such file: the rules"},
		{
			name: "is never ready", mode: "mute", want: "start child: not ready at http://",
			change: func(o *ProgramOptions) { o.StartTimeout = 100 * time.Millisecond },
		},
		{
			name: "does not exist", mode: "serve", want: "no such file or directory",
			change: func(o *ProgramOptions) { o.Path = "/nowhere/prometheus" },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			opts := options(t.TempDir(), test.mode, freeAddr(t))
			if test.change != nil {
				test.change(&opts)
			}
			err := program(t, opts).Run(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestProgramThatIgnoresSIGTERMIsKilled(t *testing.T) {
	opts := options(t.TempDir(), "stubborn", freeAddr(t))
	opts.StopTimeout = 50 * time.Millisecond
	p := program(t, opts)
	stop := run(t, p)
	<-p.Ready()
	pid := p.PID()
	if err := stop(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("got %v, want that it was killed", err)
	}
	if alive(pid) {
		t.Errorf("process %d still lives", pid)
	}
}

func TestKilledParentLeavesNoChild(t *testing.T) {
	dir := t.TempDir()
	parent := exec.CommandContext(t.Context(), os.Args[0], "child", "parent", dir)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	eventually(t, "the grandchild wrote its pid", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "child.log"))
		n, _ := fmt.Sscanf(string(text), "pid %d\n", &pid)
		return n == 1
	})
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed
	eventually(t, "the grandchild is gone", func() bool { return !alive(pid) })
}

// alive reports whether the process exists and is not a zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
