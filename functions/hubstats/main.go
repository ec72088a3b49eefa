// Command hubstats is a sample function that asks Docker Hub how many repositories an organisation has, and how often they were
// pulled. Its name comes on standard input.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"
)

func main() {
	if err := run(context.Background(), os.Stdin, os.Stdout, os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "hubstats:", err)
		os.Exit(1)
	}
}

// usable are the names that Docker Hub gives.
var usable = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,254}$`)

func run(ctx context.Context, in io.Reader, out io.Writer, env func(string) string) error {
	body, err := io.ReadAll(io.LimitReader(in, 1<<10))
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	org := strings.ToLower(strings.TrimSpace(string(body)))
	switch {
	case org == "":
		return errors.New("the body is empty: send the name of an organisation, such as library")
	case !usable.MatchString(org):
		return fmt.Errorf("%.80q is no name of an organisation: send one such as library", org)
	}
	patience, err := time.ParseDuration(cmp.Or(env("hub_timeout"), "20s"))
	if err != nil || patience <= 0 {
		return fmt.Errorf("hub_timeout %q: write it as 20s", env("hub_timeout"))
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	h := hub{client: &http.Client{}, url: strings.TrimSuffix(cmp.Or(env("hub_url"), "https://hub.docker.com/v2"), "/")}
	s, err := h.stats(ctx, org)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s has %s on Docker Hub, pulled %s\n", org, count(int64(s.repositories), "repository", "repositories"),
		count(s.pulls, "time", "times"))
	return err
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
