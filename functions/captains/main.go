// Command captains is a sample function for Alexa: it answers the CaptainsIntent with how many Docker Captains there are, which it
// counts on their page.
package main

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"time"

	"faas/functions/alexa"
)

// patience is how long the page may take. Alexa waits for eight seconds.
const patience = 6 * time.Second

func main() {
	c := counter{
		client:   &http.Client{},
		url:      cmp.Or(os.Getenv("captains_url"), "https://www.docker.com/captains/"),
		selector: cmp.Or(os.Getenv("captains_selector"), `a[href*="/captains/"]`),
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	code := c.skill().Serve(ctx, os.Stdin, os.Stdout, os.Stderr)
	cancel()
	os.Exit(code)
}

func (c counter) skill() alexa.Skill {
	return alexa.Skill{
		Name: "captains", Intents: []string{"CaptainsIntent"}, Help: "Ask me how many Docker Captains there are.", Answer: c.answer,
	}
}
