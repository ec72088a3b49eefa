//go:build !linux

package supervise

import "syscall"

// processAttributes puts the child into a process group of its own, so that a Ctrl-C in the terminal
// reaches only us. Only Linux can tie its life to ours as well.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
