package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// runInit is the first process of a container. It starts the watchdog proper
// as its child, forwards signals to it and reaps every orphan.
//
// A watchdog that were process 1 itself would have to tell its own children,
// which it reaps together with their exit status, from orphans that merely
// came to it: wait4(-1) takes both alike, and the kernel cannot be asked for
// "all but these". With a process for each job neither can take what belongs
// to the other. It costs some 2 MiB.
func runInit(stderr io.Writer) int {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals)
	defer signal.Stop(signals)
	files := []*os.File{os.Stdin, os.Stdout, os.Stderr}
	inherited, _ := strconv.Atoi(os.Getenv("LISTEN_FDS")) // the child reports what does not parse
	for i := range min(inherited, 16) {
		files = append(files, os.NewFile(uintptr(3+i), "inherited"))
	}
	self, err := os.Executable()
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "find the watchdog:", err)
		return exitFailed
	}
	child, err := os.StartProcess(self, os.Args, &os.ProcAttr{Files: files})
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "start the watchdog:", err)
		return exitFailed
	}
	go func() {
		for sig := range signals {
			switch sig {
			case syscall.SIGCHLD, syscall.SIGURG, syscall.SIGPIPE: // our own: Go preempts with SIGURG
			default:
				_ = child.Signal(sig) // it may have just ended
			}
		}
	}()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			_, _ = fmt.Fprintln(stderr, "wait for the watchdog:", err)
			return exitFailed
		case pid == child.Pid && status.Signaled():
			return exitSignal + int(status.Signal())
		case pid == child.Pid:
			return status.ExitStatus()
		}
	}
}
