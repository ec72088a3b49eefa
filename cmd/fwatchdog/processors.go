package main

import (
	"os"
	"runtime"

	"faas/watchdog"
)

// useProcessors leaves every second processor to the function's processes, where each request has one of its own. Started and
// reaped from one processor they cost a quarter less of the watchdog's time, at the same rate: Go's scheduler looks every 20 µs
// for a thread that hangs in a system call, as a thread on full processors does at any moment, and takes its processor from it.
// With processes that are started ahead the other one is needed.
func useProcessors(c watchdog.Config) {
	if _, said := os.LookupEnv("GOMAXPROCS"); said || c.Mode != watchdog.ModeStreaming && c.Mode != watchdog.ModeSerializing || c.PoolSize > 0 {
		return
	}
	runtime.GOMAXPROCS((runtime.GOMAXPROCS(0) + 1) / 2)
}
