// Command hostnameintent is a sample function for Alexa: it answers the HostnameIntent with the name of the machine that it runs on.
package main

import (
	"context"
	"fmt"
	"os"

	"faas/functions/alexa"
)

func main() {
	os.Exit(skill(os.Hostname).Serve(context.Background(), os.Stdin, os.Stdout, os.Stderr))
}

func skill(hostname func() (string, error)) alexa.Skill {
	return alexa.Skill{
		Name: "hostnameintent", Intents: []string{"HostnameIntent"}, Help: "Ask me for the host name.",
		Answer: func(context.Context, alexa.Intent) (string, error) {
			name, err := hostname()
			if err != nil {
				return "I do not know the name of this machine.", fmt.Errorf("ask for the host name: %w", err)
			}
			return "The name of this machine is " + name + ".", nil
		},
	}
}
