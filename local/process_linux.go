package local

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const terminateSignal = syscall.SIGTERM

// measuresMemory says that the warden can measure, and so limits of memory hold.
const measuresMemory = true

// childAttributes put a watchdog in a session of its own, so that a terminal's Ctrl-C does not reach it
// and what it starts can be found, and have the kernel tell it when this process dies: on SIGQUIT a
// watchdog kills the process groups of its children and exits at once.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGQUIT}
}

// kill ends the watchdog and its process group at once. Its children, in groups of their own, are sweep's.
func kill(proc *os.Process) {
	// Nobody has waited for it yet, so the number is still its own.
	_ = syscall.Kill(-proc.Pid, syscall.SIGKILL) // no such group: it has just ended
	_ = proc.Kill()                              // as above
}

// adoptOrphans makes this process the parent of what its descendants leave when they die, in place of
// init, so that it can be found and reaped. It stays so for the life of the process, which may have more
// than one backend.
func adoptOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("ask for the reaping of orphans: %w", err)
	}
	return nil
}
