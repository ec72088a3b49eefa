package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"faas/api"
	"faas/internal/alerting"
	"faas/internal/top"
)

// scaleExplainCommand is `faas scale explain`.
type scaleExplainCommand struct {
	gatewayFlags
	Name   string `arg:"" help:"The function."`
	Output string `short:"o" default:"text" enum:"text,json" placeholder:"FORMAT" help:"What is printed: text or json (default ${default})."`
}

// Run prints what there is to say.
func (c *scaleExplainCommand) Run(ctx context.Context) error {
	if c.Output == "json" {
		var raw json.RawMessage // all that a newer gateway says, too
		if err := c.ask(ctx, "GET", scalingPath(c.Name), nil, &raw); err != nil {
			return c.unknown(ctx, "explain", c.Name, err)
		}
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		return out.Encode(raw)
	}
	var s api.FunctionScaling
	if err := c.ask(ctx, "GET", scalingPath(c.Name), nil, &s); err != nil {
		return c.unknown(ctx, "explain", c.Name, err)
	}
	_, err := io.WriteString(os.Stdout, explained(s, c.freezesOf(ctx, s), time.Now()))
	return err
}

// explained is all of it for a person, with the silences that freeze the function.
func explained(s api.FunctionScaling, freezes []api.FrozenFunction, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d desired, %d ready", s.Function, s.Replicas.Desired, s.Replicas.Ready)
	if s.Wanted != nil {
		fmt.Fprintf(&b, "; the rules want %d", *s.Wanted)
	}
	b.WriteString("\n\n")
	rows := [][]string{{"  not more because", top.Printable(s.More)}, {"  not fewer because", top.Printable(s.Fewer)}}
	for _, f := range freezes {
		rows = append(rows, []string{"  " + alerting.Freeze(f).What(), top.Printable(frozenText(f))})
	}
	if s.ControlLoop != "ok" {
		rows = append(rows, []string{"  control loop", top.Printable(s.ControlLoop)})
	}
	columns(&b, rows)
	b.WriteString("\n")
	columns(&b, signalRows(s))
	b.WriteString("\n")
	columns(&b, settingRows(s))
	if len(s.Decisions) == 0 {
		b.WriteString("\n  no decisions yet\n")
		return b.String()
	}
	b.WriteString("\n  last decisions\n")
	columns(&b, decisionRows(s.Decisions, now))
	return b.String()
}

// columns writes rows one below the other.
func columns(b *strings.Builder, rows [][]string) {
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // into memory
}

func signalRows(s api.FunctionScaling) [][]string {
	rows := [][]string{{"  signal", "load", "wants", "target", "a replica carries", strconv.Itoa(s.Replicas.Desired) + " carry"}}
	for _, one := range s.Signals {
		load, wanted := "?", "?"
		if one.Load != nil {
			load = scaleNumber(one.Type, *one.Load)
		}
		if one.Wanted != nil {
			wanted = strconv.Itoa(*one.Wanted)
		}
		rows = append(rows, []string{
			"  " + one.Type, load, wanted, scaleNumber(one.Type, one.Target), scaleNumber(one.Type, one.PerReplica), scaleNumber(one.Type, one.Capacity),
		})
	}
	return rows
}

// settingRows are all settings; those that a label sets have a mark.
func settingRows(s api.FunctionScaling) [][]string {
	set := s.Scaling
	mark := func(label, text string) string {
		if _, ok := s.Labels["com.openfaas.scale."+label]; ok {
			return text
		}
		return text + " (default)"
	}
	slots := "no bound"
	if set.Slots > 0 {
		slots = strconv.Itoa(set.Slots)
		if _, ok := s.Labels["com.openfaas.scale.slots"]; !ok {
			slots += " (max_inflight)"
		}
	}
	zero := "no"
	if set.Zero {
		zero = "after " + set.ZeroDuration
	}
	window := mark("down.window", set.Window)
	if s.Hold != nil { // else there is no replica to spare, and nobody asks
		window += ", the most that was needed in it: " + strconv.Itoa(*s.Hold)
	}
	return [][]string{
		{"  bounds", "min " + mark("min", strconv.Itoa(set.Min)) + ", max " + mark("max", strconv.Itoa(set.Max))},
		{"  down window", window},
		{"  to zero", mark("zero", zero)},
		{"  proportion", mark("target-proportion", strconv.FormatFloat(set.Proportion, 'g', -1, 64)) + " of the target is planned for"},
		{"  slots", slots},
	}
}

func decisionRows(decisions []api.ScaleEvent, now time.Time) [][]string {
	var rows [][]string
	for _, d := range slices.Backward(decisions) {
		change := fmt.Sprintf("%d → %d", d.From, d.To)
		switch {
		case d.Kind == "freeze":
			change = "" // it holds nothing, and lets nothing go
		case !d.Applied:
			change = "held at " + strconv.Itoa(d.From)
		}
		reason := top.Printable(d.Reason)
		if d.Repeats > 0 {
			reason += fmt.Sprintf(" (%d times more)", d.Repeats)
		}
		if d.ReadyAfter != nil {
			reason += fmt.Sprintf(", ready after %.1fs", *d.ReadyAfter)
		}
		kind := d.Kind
		if d.Signal != "" {
			kind += " by " + top.Printable(d.Signal)
		}
		rows = append(rows, []string{"  " + ago(now.Sub(d.Time)), change, kind, reason})
	}
	return rows
}

// frozenText is all of a silence but what it freezes.
func frozenText(f api.FrozenFunction) string {
	text := fmt.Sprintf("by silence %s until %s", f.Silence, scaleTime(f.Until))
	if f.CreatedBy != "" {
		text += ", made by " + f.CreatedBy
	}
	if f.Comment != "" {
		text += ": " + f.Comment
	}
	return text
}

// ago is an age to the second, minute or hour, whatever says enough.
func ago(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0fs ago", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0fm ago", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0fh ago", d.Hours())
	}
	return fmt.Sprintf("%.0fd ago", d.Hours()/24)
}

func scaleTime(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") }

// units are what a number of a type is of.
var units = map[string]string{"rps": "/s"}

// scaleNumber is a load or a target in its unit.
func scaleNumber(signal string, v float64) string {
	switch signal {
	case "memory":
		return strconv.FormatFloat(float64(int64(v/(1<<20)*10+0.5))/10, 'f', -1, 64) + "Mi"
	case "cpu":
		return strconv.FormatFloat(v, 'f', 0, 64) + "m"
	}
	return strconv.FormatFloat(float64(int64(v*100+0.5))/100, 'f', -1, 64) + units[signal]
}
