package e2e

import "syscall"

// endsWithUs has the kernel kill the child when the thread that started it ends, as all do when a test
// panics on its time limit. What the child started ends with it in turn.
func endsWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
