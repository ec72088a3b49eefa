package main

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// burn uses d of processor time, not of the clock's: on a busy machine it takes longer, as real work
// does. It says whether the client is still there.
func burn(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return true
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := threadTime()
	for threadTime()-start < d {
		if ctx.Err() != nil {
			return false
		}
		spin()
	}
	return true
}

// threadTime is the processor time that this thread has used.
func threadTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return time.Duration(time.Now().UnixNano()) // never on Linux
	}
	return time.Duration(ts.Nano())
}
