package supervise

import "syscall"

// processAttributes puts the child into a process group of its own, so that a Ctrl-C in the terminal
// reaches only us, and has the kernel kill it when the thread that started it ends.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
