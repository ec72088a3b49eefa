package usage

import (
	"io"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// With this variable set the test binary uses so many milliseconds of
// processor time, says so, and ends when its standard input does.
const burnVariable = "USAGE_TEST_BURN"

func TestMain(m *testing.M) {
	if text := os.Getenv(burnVariable); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil {
			panic(err)
		}
		for used(syscall.RUSAGE_SELF) < time.Duration(ms)*time.Millisecond {
			continue
		}
		_, _ = os.Stdout.WriteString("burnt\n")
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// used is the kernel's exact account.
func used(who int) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(who, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
