// Command hostname is a sample function for Alexa: it answers the HostnameIntent with the name of the machine that it runs on.
package main

import (
	"context"
	"fmt"
	"os"

	"faas/functions/alexa"
)

func main() {
	if asCommand(os.Args, os.Stdin) {
		name, err := os.Hostname()
		if err != nil {
			fmt.Fprintln(os.Stderr, "hostname:", err)
			os.Exit(1)
		}
		fmt.Println(name)
		return
	}
	os.Exit(skill(os.Hostname).Serve(context.Background(), os.Stdin, os.Stdout, os.Stderr))
}

// asCommand reports whether the program was called in place of the one that every system has by this name: the folder bin may come
// first on somebody's PATH. A function has no arguments, and its body comes by a pipe.
func asCommand(args []string, stdin *os.File) bool {
	info, err := stdin.Stat()
	return len(args) > 1 || err != nil || info.Mode()&os.ModeCharDevice != 0
}

func skill(hostname func() (string, error)) alexa.Skill {
	return alexa.Skill{
		Name: "hostname", Intents: []string{"HostnameIntent"}, Help: "Ask me for the host name.",
		Answer: func(context.Context, alexa.Intent) (string, error) {
			name, err := hostname()
			if err != nil {
				return "I do not know the name of this machine.", fmt.Errorf("ask for the host name: %w", err)
			}
			return "The name of this machine is " + name + ".", nil
		},
	}
}
