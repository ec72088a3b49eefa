//go:build !linux

package e2e

import "syscall"

// endsWithUs does nothing where only the child itself could see that its parent is gone.
func endsWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
