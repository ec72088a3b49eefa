package local

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// programs are what the tests start: the real watchdog, a stand-in for it that misbehaves on demand, and
// a sample function. They are built when a test first wants one, into a directory that TestMain removes.
type programs struct{ dir, standIn, watchdog, work string }

var binaries = sync.OnceValue(build)

var binariesDir string

func build() programs {
	p := programs{
		dir: binariesDir, standIn: filepath.Join(binariesDir, "standin"),
		watchdog: filepath.Join(binariesDir, "fwatchdog"), work: filepath.Join(binariesDir, "work"),
	}
	for to, pkg := range map[string]string{
		p.standIn: "./testdata/watchdog", p.watchdog: "../cmd/fwatchdog", p.work: "../functions/work",
	} {
		if out, err := exec.Command("go", "build", "-o", to, pkg).CombinedOutput(); err != nil {
			panic(fmt.Sprintf("build %s: %v\n%s", pkg, err, out))
		}
	}
	return p
}

func TestMain(m *testing.M) {
	if dir := os.Getenv("LOCAL_TEST_SUPERVISE"); dir != "" {
		superviseForTest(dir) // this process is a helper of TestKilledSupervisor
		return
	}
	var err error
	if binariesDir, err = os.MkdirTemp("", "local-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	_ = os.RemoveAll(binariesDir)
	os.Exit(code)
}

// superviseForTest runs a backend until it is killed.
func superviseForTest(dir string) {
	b, err := New(Options{
		DataDir: dir, Watchdog: os.Getenv("LOCAL_TEST_WATCHDOG"),
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		panic(err)
	}
	go func() {
		_ = b.Watch(context.Background(), writeAddresses(filepath.Join(dir, "addresses")))
	}()
	panic(b.Run(context.Background()))
}
