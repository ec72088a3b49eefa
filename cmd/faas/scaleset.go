package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"faas/api"
	"faas/internal/alerting"
	"faas/internal/top"
)

// scaleSetCommand is `faas scale set`.
type scaleSetCommand struct {
	gatewayFlags
	Name string `arg:"" help:"The function."`

	Type         string            `placeholder:"TYPES" help:"What replicas follow: rps, capacity, cpu, memory, queue or custom, or several with commas between."`
	Target       string            `placeholder:"AMOUNT" help:"What one replica should carry of the first type: 100, or 256Mi for memory. cpu is in millicores."`
	TargetOf     map[string]string `name:"target-of" mapsep:"," placeholder:"TYPE=AMOUNT" help:"The same of another type, such as cpu=700."`
	Min          *int              `placeholder:"N" help:"Fewest replicas."`
	Max          *int              `placeholder:"N" help:"Most replicas."`
	Window       string            `placeholder:"TIME" help:"Time over which the greatest need is kept before replicas go: 10s, 30s, 1m, 5m or 15m."`
	Zero         *bool             `negatable:"" help:"Let the function go to no replicas."`
	ZeroDuration string            `placeholder:"TIME" help:"Time without a request after which it does."`
	Proportion   *float64          `placeholder:"P" help:"Share of the target to plan for, above 0 and at most 1."`
	Slots        *int              `placeholder:"N" help:"Requests that one replica takes at once. 0: no bound."`
	Factor       *int              `placeholder:"PERCENT" help:"Step of classic alerts, in percent of the maximum."`
	Reset        []string          `placeholder:"FIELD" help:"Back to the default: type, target, target.TYPE, min, max, window, zero, zero-duration, proportion, slots or factor."`
	outputFlag
}

// resetFields are what --reset knows, and what it is called in the API.
var resetFields = map[string]string{
	"type": "type", "target": "target", "min": "min", "max": "max", "window": "window", "zero": "zero",
	"zero-duration": "zeroDuration", "proportion": "proportion", "slots": "slots", "factor": "factor",
}

// Validate is called by the parser.
func (c *scaleSetCommand) Validate() error {
	_, err := c.patch()
	return err
}

// Run changes it and prints from what to what.
func (c *scaleSetCommand) Run(ctx context.Context) error {
	patch, err := c.patch()
	if err != nil {
		return err
	}
	var before, after api.FunctionScaling
	if err := c.ask(ctx, "GET", scalingPath(c.Name), nil, &before); err != nil {
		return c.unknown(ctx, "set", c.Name, err)
	}
	if err := c.ask(ctx, "PATCH", scalingPath(c.Name), patch, &after); err != nil {
		return err
	}
	if c.Output == "json" {
		return writeJSON(os.Stdout, after)
	}
	return tellChange(os.Stdout, before, after, c.freezesOf(ctx, after))
}

// patch is what was given, as the API wants it.
func (c *scaleSetCommand) patch() (map[string]any, error) {
	patch, targets := map[string]any{}, map[string]any{}
	for name, text := range map[string]string{"type": c.Type, "window": c.Window, "zeroDuration": c.ZeroDuration} {
		if text != "" {
			patch[name] = text
		}
	}
	for name, n := range map[string]*int{"min": c.Min, "max": c.Max, "slots": c.Slots, "factor": c.Factor} {
		if n != nil {
			patch[name] = *n
		}
	}
	if c.Target != "" {
		patch["target"] = amountOf(c.Target)
	}
	for name, text := range c.TargetOf {
		targets[name] = amountOf(text)
	}
	if c.Zero != nil {
		patch["zero"] = *c.Zero
	}
	if c.Proportion != nil {
		patch["proportion"] = *c.Proportion
	}
	for _, name := range c.Reset {
		into, field := patch, resetFields[name]
		if one, ok := strings.CutPrefix(name, "target."); ok {
			into, field = targets, one
		}
		if field == "" {
			return nil, fmt.Errorf("--reset %s: there are %s and target.TYPE", name, strings.Join(slices.Sorted(maps.Keys(resetFields)), ", "))
		}
		if _, both := into[field]; both {
			return nil, fmt.Errorf("--reset %s: it is set as well", name)
		}
		into[field] = nil
	}
	if len(targets) > 0 {
		patch["targets"] = targets
	}
	if len(patch) == 0 {
		return nil, errors.New("say what to change, for example --target 100 (faas scale set --help lists it all)")
	}
	return patch, nil
}

// amountOf is a number, or else a quantity that the gateway reads.
func amountOf(text string) any {
	if v, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
		return v
	}
	return text
}

// tellChange prints what a change was, what it orders at once, and what freezes the function.
func tellChange(to io.Writer, before, after api.FunctionScaling, freezes []api.FrozenFunction) error {
	text := after.Function + ": it is so already\n"
	if all := changes(before.Scaling, after.Scaling); len(all) > 0 {
		text = after.Function + ": " + strings.Join(all, ", ") + "\n"
	}
	for _, one := range consequences(before, after, freezes) {
		text += "  " + top.Printable(one) + "\n"
	}
	_, err := io.WriteString(to, text)
	return err
}

// changes are the settings that differ, "max 20 → 30".
func changes(before, after api.ScalingSettings) []string {
	var all []string
	add := func(name string, from, to any) {
		if from != to {
			all = append(all, fmt.Sprintf("%s %v → %v", name, from, to))
		}
	}
	add("type", before.Type, after.Type)
	for _, t := range strings.Split(after.Type, ",") {
		name := "target"
		if after.Type != t {
			name += " " + t
		}
		if from, ok := before.Targets[t]; !ok {
			all = append(all, name+" "+scaleNumber(t, after.Targets[t]))
		} else {
			add(name, scaleNumber(t, from), scaleNumber(t, after.Targets[t]))
		}
	}
	add("min", before.Min, after.Min)
	add("max", before.Max, after.Max)
	add("window", before.Window, after.Window)
	add("zero", before.Zero, after.Zero)
	add("zero-duration", before.ZeroDuration, after.ZeroDuration)
	add("proportion", before.Proportion, after.Proportion)
	add("slots", before.Slots, after.Slots)
	add("factor", before.Factor, after.Factor)
	return all
}

// consequences are what a change orders at once, or lets happen. Whether a greater load is ordered is for the rules to decide,
// since chance alone may explain it, so the gateway's own words say that.
func consequences(before, after api.FunctionScaling, freezes []api.FrozenFunction) []string {
	desired, s := after.Replicas.Desired, after.Scaling
	was, now := wantedBy(before), wantedBy(after)
	var all []string
	told := "" // by the gateway, which may have said what follows
	switch {
	case desired == 0:
	case desired > s.Max:
		all = append(all, fmt.Sprintf("desired are %d, above max %d: it goes to %d at once", desired, s.Max, s.Max))
	case desired < s.Min:
		all = append(all, fmt.Sprintf("desired are %d, below min %d: it goes to %d at once", desired, s.Min, s.Min))
	case now == 0:
	case now > desired && min(now, s.Max) > min(was, before.Scaling.Max):
		most := ""
		if now > s.Max {
			most = fmt.Sprintf(" (max %d)", s.Max)
		}
		told = after.More
		all = append(all, fmt.Sprintf("the present load wants %d now%s: %s", now, most, told))
	case now < desired && was >= desired:
		all = append(all, fmt.Sprintf("the present load wants %d now: what is above that goes when none of %s needed it", max(now, s.Min), s.Window))
	}
	for _, f := range freezes {
		if strings.Contains(told, "by silence "+f.Silence+" ") {
			continue
		}
		all = append(all, alerting.Freeze(f).What()+" "+frozenText(f))
	}
	if after.ControlLoop != "ok" && !strings.Contains(told, after.ControlLoop) {
		all = append(all, "no orders arrive: "+after.ControlLoop)
	}
	return all
}

// wantedBy is how many replicas the load wants. 0: it is not known.
func wantedBy(s api.FunctionScaling) int {
	n := 0
	for _, signal := range s.Signals {
		if signal.Wanted != nil {
			n = max(n, *signal.Wanted)
		}
	}
	return n
}
