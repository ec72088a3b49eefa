package watchdog

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// sysProcAttr puts a child into a process group of its own and has the kernel
// kill it when the watchdog dies without a chance to do so.
//
// The kernel sends that signal when the *thread* that forked ends. Go ends a
// thread in one case only: a goroutine that is locked to it (LockOSThread)
// returns. Nothing in this program locks a thread, so a thread that forks
// lives as long as the process.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// newPipe makes a pipe to a child, or from it. os.Pipe would make the child's
// end pollable, only to undo it at the fork: of the eleven system calls of a
// pipe's life these are seven.
func newPipe(toChild bool) (ours, its *os.File, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	if toChild {
		fds[0], fds[1] = fds[1], fds[0]
	}
	if _, err := unix.FcntlInt(uintptr(fds[0]), unix.F_SETFL, unix.O_NONBLOCK); err != nil {
		return nil, nil, errors.Join(os.NewSyscallError("fcntl", err), unix.Close(fds[0]), unix.Close(fds[1]))
	}
	return os.NewFile(uintptr(fds[0]), "pipe"), os.NewFile(uintptr(fds[1]), "pipe"), nil
}

// awaitExit blocks until the child has ended and leaves it to be reaped, so
// that its pid stays its own until then.
func awaitExit(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return // reaping reports any other error
		}
	}
}

// hasExited says whether the child has ended, and leaves it to be reaped.
func hasExited(pid int) bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, nil)
	return err == nil && info.Signo == int32(unix.SIGCHLD)
}
