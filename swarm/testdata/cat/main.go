// Cat copies its input to its output, or with the argument stderr to standard error; with any other argument it copies the
// file of that name: the smallest function, for images without a shell.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	in, out := os.Stdin, os.Stdout
	switch {
	case len(args) == 0:
	case args[0] == "stderr":
		out = os.Stderr
	default:
		file, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	_, err := io.Copy(out, in)
	return err
}
