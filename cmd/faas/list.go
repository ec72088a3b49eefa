package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"faas/api"
	"faas/internal/alerting"
	"faas/internal/top"
)

// listCommand is `faas list`.
type listCommand struct {
	gatewayFlags
	outputFlag
}

// Run prints a line for each function.
func (c *listCommand) Run(ctx context.Context, app *kong.Kong) error {
	var all []api.FunctionStatus
	if err := c.ask(ctx, "GET", "/system/functions", nil, &all); err != nil {
		return fmt.Errorf("list: %w", err)
	}
	slices.SortFunc(all, func(a, b api.FunctionStatus) int { return cmp.Compare(a.Name, b.Name) })
	if c.Output == "json" {
		return writeJSON(app.Stdout, all)
	}
	var frozen []api.FrozenFunction
	if err := c.ask(ctx, "GET", "/system/scale/frozen", nil, &frozen); err != nil {
		frozen = nil // another's gateway does not know of it, and the list is of use without
	}
	return writeList(app.Stdout, all, frozen)
}

func writeList(to io.Writer, all []api.FunctionStatus, frozen []api.FrozenFunction) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	rows := []string{"FUNCTION\tREADY\tINVOCATIONS\tIMAGE\tSTATE"}
	for _, f := range all {
		state := "ready"
		switch {
		case f.Blocked != "":
			state = "blocked: " + oneLine(f.Blocked)
		case f.Replicas == 0:
			state = "asleep" // a call wakes it
		case f.AvailableReplicas < f.Replicas:
			state = "starting"
		}
		for _, z := range frozen {
			if z.Function == f.Name {
				state += ", " + alerting.Freeze(z).What() + " until " + scaleTime(z.Until)
			}
		}
		rows = append(rows, fmt.Sprintf("%s\t%d/%d\t%.0f\t%s\t%s", top.Printable(f.Name), f.AvailableReplicas, f.Replicas, f.InvocationCount, top.Printable(f.Image), state))
	}
	for _, row := range rows {
		fmt.Fprintln(w, row)
	}
	return w.Flush()
}

// oneLine is text from elsewhere, on one line.
func oneLine(text string) string { return strings.Join(strings.Fields(top.Printable(text)), " ") }
