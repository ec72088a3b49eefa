// Talker writes its first argument to standard output. With a second it ends with an error at once, else it writes a
// complaint to standard error whenever it gets SIGUSR1, until it is told to stop.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGTERM)
	fmt.Print(os.Args[1])
	if len(os.Args) > 2 {
		os.Exit(1)
	}
	for s := range signals {
		if s == syscall.SIGTERM {
			return
		}
		fmt.Fprintln(os.Stderr, "a complaint")
	}
}
