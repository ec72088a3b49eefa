package local

import (
	"os"
	"syscall"
	"time"
)

const (
	sweepLimit = 2 * time.Second
	sweepFirst = time.Millisecond
	sweepMax   = 50 * time.Millisecond
)

// sweep kills and reaps every process that a dead watchdog left. Since killing one orphan can make
// others, it looks again until there are none.
//
// Only processes that are known to be the replica's are touched, and only waited for by their number:
// other children of this process (Prometheus, say) are not ours to reap, and waiting for any child would
// steal their exit from os/exec.
func sweep(watchdog int, born uint64, id string) {
	deadline := time.Now().Add(sweepLimit)
	known := map[int]uint64{} // what was found to be the replica's: a zombie has no mark any more
	for wait := sweepFirst; time.Now().Before(deadline); wait = min(2*wait, sweepMax) {
		left := remains(readProcs(), watchdog, born, id, known)
		if len(left) == 0 {
			return
		}
		for _, p := range left {
			if p.zombie {
				reap(p.pid)
				continue
			}
			killProc(p)
		}
		time.Sleep(wait)
	}
}

// remains finds what is left of a replica: processes of the watchdog's session or group, those that
// carry the replica's mark, the descendants of either, and what is known, to which it adds. A zombie that
// another process will reap is not.
func remains(table map[int]proc, watchdog int, born uint64, id string, known map[int]uint64) []proc {
	roots := map[int]bool{watchdog: true}
	self := os.Getpid()
	for pid, p := range table {
		if since, was := known[pid]; was && since == p.born {
			roots[pid] = true
			continue
		}
		// The mark costs a file for each, so it is looked for only where nothing else tells.
		if p.born >= born && !p.zombie && pid != self && p.session != watchdog && marked(pid, id) {
			roots[pid] = true
		}
	}
	var left []proc
	for pid := range family(table, roots) {
		p, ok := table[pid]
		if !ok || pid == self || p.born < born || p.zombie && p.parent != self {
			continue
		}
		known[pid] = p.born
		left = append(left, p)
	}
	return left
}

// killProc kills p, and not another process that was given its number since: the handle is taken
// first, then compared, and then used.
func killProc(p proc) {
	handle, err := os.FindProcess(p.pid)
	if err != nil {
		return // gone
	}
	defer func() { _ = handle.Release() }() // only a handle
	if now, ok := readProc(p.pid); ok && now.born == p.born {
		_ = handle.Signal(syscall.SIGKILL) // gone, or not ours to signal
	}
}

// reap frees a zombie of ours.
func reap(pid int) {
	var status syscall.WaitStatus
	_, _ = syscall.Wait4(pid, &status, syscall.WNOHANG, nil) // not a child: its parent is about to reap it
}
