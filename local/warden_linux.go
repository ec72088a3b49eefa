package local

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// strayAge is how long a zombie child that we cannot place stays before it is reaped. Whoever waits for a
// child of theirs takes it within milliseconds, so nobody waits for this one.
const strayAge = 10 * time.Second

// warden measures replicas, and reaps the orphans of theirs that ended. One goroutine at a time may use it.
type warden struct {
	strays map[proc]time.Time // zombie children that belong to no replica, since when
}

func newWarden() *warden { return &warden{strays: map[proc]time.Time{}} }

// measure returns the memory in bytes that each watchdog and its processes use.
func (w *warden) measure(watchdogs []int) map[int]int64 {
	roots := make(map[int]bool, len(watchdogs))
	for _, pid := range watchdogs {
		roots[pid] = true
	}
	table := readProcs()
	used := make(map[int]int64, len(watchdogs))
	of := family(table, roots)
	self, now := os.Getpid(), time.Now()
	strays := map[proc]time.Time{}
	for pid, p := range table {
		root, ours := of[pid]
		switch {
		case !p.zombie && ours:
			used[root] += memoryUse(pid)
		case !p.zombie || p.parent != self || roots[pid]:
		case ours:
			reap(pid)
		default:
			since, seen := w.strays[p]
			if !seen {
				since = now
			}
			if now.Sub(since) >= strayAge {
				reap(pid)
				continue
			}
			strays[p] = since
		}
	}
	w.strays = strays
	return used
}

// memoryUse is the resident memory of a process in bytes, without what it shares: the text of a program
// that runs a hundred times is in memory once. Files and shared memory are thus not counted, as they
// are in a container.
func memoryUse(pid int) int64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0 // it has just ended
	}
	return parseStatm(data) * int64(os.Getpagesize())
}

// parseStatm returns resident minus shared pages (proc_pid_statm(5)).
func parseStatm(data []byte) int64 {
	fields := bytes.Fields(data)
	if len(fields) < 3 {
		return 0
	}
	resident, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	shared, err := strconv.ParseInt(string(fields[2]), 10, 64)
	if err != nil {
		return 0
	}
	return max(0, resident-shared)
}
