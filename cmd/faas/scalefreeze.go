package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"faas/api"
	"faas/internal/top"
)

// scaleFreezeCommand is `faas scale freeze`.
type scaleFreezeCommand struct {
	gatewayFlags
	Name    string        `arg:"" help:"The function."`
	For     time.Duration `default:"1h" placeholder:"TIME" help:"How long, from now on: 30m, or 1h30m (default ${default}). Again, it takes the place of what was said before."`
	Comment string        `placeholder:"TEXT" help:"Why, for those who wonder."`
	outputFlag
}

// Help is called by the parser.
func (*scaleFreezeCommand) Help() string {
	return "Alerts do not change the function's replicas meanwhile. Calls still wake it, and it can be scaled by hand. It is a " +
		"silence in Alertmanager, and one that is made there does the same."
}

// Run freezes the function and prints until when.
func (c *scaleFreezeCommand) Run(ctx context.Context) error {
	var frozen api.FrozenFunction
	body := api.FreezeRequest{For: c.For.String(), Comment: c.Comment}
	if err := c.ask(ctx, "PUT", freezePath(c.Name), body, &frozen); err != nil {
		return c.unknown(ctx, "freeze", c.Name, err)
	}
	if c.Output == "json" {
		return writeJSON(os.Stdout, frozen)
	}
	return tellFrozen(os.Stdout, frozen)
}

// scaleUnfreezeCommand is `faas scale unfreeze`.
type scaleUnfreezeCommand struct {
	gatewayFlags
	Name string `arg:"" help:"The function."`
	outputFlag
}

// Run lets alerts scale the function again.
func (c *scaleUnfreezeCommand) Run(ctx context.Context) error {
	var thawed api.ThawedFunction
	if err := c.ask(ctx, "DELETE", freezePath(c.Name), nil, &thawed); err != nil {
		return c.unknown(ctx, "unfreeze", c.Name, err)
	}
	if c.Output == "json" {
		return writeJSON(os.Stdout, thawed)
	}
	return tellThawed(os.Stdout, thawed)
}

// tellThawed prints which silences were ended.
func tellThawed(to io.Writer, f api.ThawedFunction) error {
	text := "was not frozen"
	switch {
	case len(f.Ended) == 1:
		text = "thawed: silence " + f.Ended[0] + " ended"
	case len(f.Ended) > 1:
		text = "thawed: silences " + strings.Join(f.Ended, " and ") + " ended"
	}
	_, err := fmt.Fprintf(to, "%s: %s\n", top.Printable(f.Function), top.Printable(text))
	return err
}

// freezePath is where a function is frozen.
func freezePath(name string) string { return "/system/functions/" + url.PathEscape(name) + "/freeze" }

// freezesOf are all silences that freeze a function, the longest first, which is the one that s names. It stands for all of
// them where these cannot be read.
func (c *gatewayFlags) freezesOf(ctx context.Context, s api.FunctionScaling) []api.FrozenFunction {
	if s.Frozen == nil {
		return nil
	}
	var all []api.FrozenFunction
	if err := c.ask(ctx, "GET", "/system/scale/frozen", nil, &all); err == nil {
		all = slices.DeleteFunc(all, func(f api.FrozenFunction) bool { return f.Function != s.Function })
		if len(all) > 0 {
			return all
		}
	}
	return []api.FrozenFunction{*s.Frozen}
}

// tellFrozen prints the silence that was made.
func tellFrozen(to io.Writer, f api.FrozenFunction) error {
	_, err := fmt.Fprintf(to, "%s: frozen until %s by silence %s\n", top.Printable(f.Function),
		scaleTime(f.Until), top.Printable(f.Silence))
	return err
}
