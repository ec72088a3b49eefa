package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"faas/function"
)

// rehearseFunction says how the function scales: by its labels, of which flags give some.
type rehearseFunction struct {
	Name  string `name:"function" placeholder:"NAME" help:"Take the settings of this function: from the --stack file, else as Prometheus knows them, or the gateway."`
	Stack string `type:"existingfile" placeholder:"FILE" help:"OpenFaaS stack file with the function."`

	Type         string   `placeholder:"TYPES" help:"What is followed: rps, capacity, cpu, memory, queue or custom, or several with commas between (default rps)."`
	Target       string   `placeholder:"LOAD" help:"What one replica carries of the first type (default 5 requests a second)."`
	Proportion   string   `placeholder:"SHARE" help:"The share of it to plan for (default 0.9)."`
	Min          string   `placeholder:"N" help:"The least replicas (default 1)."`
	Max          string   `placeholder:"N" help:"The most replicas (default 20)."`
	Window       string   `placeholder:"TIME" help:"For how long the greatest need holds: 10s, 30s, 1m, 5m or 15m (default 30s)."`
	Slots        string   `placeholder:"N" help:"How many requests one replica takes at once (default: no bound)."`
	Zero         bool     `help:"Go to zero replicas when nothing arrives."`
	ZeroDuration string   `placeholder:"TIME" help:"After how long without an arrival (default 15m)."`
	Label        []string `sep:"none" placeholder:"KEY=VALUE" help:"Any label of the function that concerns scaling, such as target.cpu=700, with or without com.openfaas.scale. before it. May be given several times."`
}

// settingNames are what people call labels that have another name.
var settingNames = map[string]string{
	"window": "down.window", "proportion": "target-proportion", "zero_duration": "zero-duration", "zeroDuration": "zero-duration",
}

// labels are the function's own, from the stack file or else as it is known to run, under those of the flags; env is its environment.
func (c *rehearseFunction) labels(known func(name string) (map[string]string, error)) (labels, env map[string]string, err error) {
	switch {
	case c.Stack != "":
		labels, env, err = stackFunction(c.Stack, c.Name)
	case c.Name != "":
		if labels, err = known(c.Name); err != nil {
			err = fmt.Errorf("--function %s: %w (--stack FILE takes its settings from a stack file)", c.Name, err)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	flags := map[string]string{}
	for setting, value := range map[string]string{
		"type": c.Type, "target": c.Target, "target-proportion": c.Proportion, "min": c.Min, "max": c.Max,
		"down.window": c.Window, "slots": c.Slots, "zero-duration": c.ZeroDuration,
	} {
		if value != "" {
			flags[setting] = value
		}
	}
	if c.Zero {
		flags["zero"] = "true"
	}
	for _, pair := range c.Label {
		given, err := parseSettings(pair)
		if err != nil {
			return nil, nil, fmt.Errorf("--label: %w", err)
		}
		maps.Copy(flags, given)
	}
	return overlay(labels, flags), env, nil
}

// parseSettings reads "target=20,type=rps,cpu": what has no = belongs to what is before it.
func parseSettings(text string) (map[string]string, error) {
	settings := map[string]string{}
	last := ""
	for part := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(part, "=")
		if !ok && last != "" {
			settings[last] += "," + part
			continue
		}
		key = strings.TrimPrefix(strings.TrimSpace(key), function.ScalingLabelPrefix)
		if name, ok := settingNames[key]; ok {
			key = name
		}
		if !ok || key == "" {
			return nil, function.Invalidf("%q is no setting: write for example target=20 or target=20,window=5m", part)
		}
		settings[key] = strings.TrimSpace(value)
		last = key
	}
	return settings, nil
}

// overlay puts settings over labels. Targets that would then speak of types that are not followed any more, or say the
// same twice, go.
func overlay(labels, settings map[string]string) map[string]string {
	const prefix = function.ScalingLabelPrefix
	out := maps.Clone(labels)
	if out == nil {
		out = map[string]string{}
	}
	before := types(out[prefix+"type"])
	if text, ok := settings["type"]; ok {
		now := types(text)
		maps.DeleteFunc(out, func(key, _ string) bool {
			name, ok := strings.CutPrefix(key, prefix+"target.")
			return ok && !slices.Contains(now, name) || key == prefix+"target" && before[0] != now[0]
		})
		before = now
	}
	if _, ok := settings["target"]; ok {
		delete(out, prefix+"target."+before[0])
	}
	if _, ok := settings["target."+before[0]]; ok {
		delete(out, prefix+"target")
	}
	for key, value := range settings {
		out[prefix+key] = value
	}
	return out
}

// types splits the label type; there is at least one.
func types(text string) []string {
	if text == "" {
		text = string(function.ScalingRPS)
	}
	all := strings.Split(text, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// stackFunction reads the labels and the environment of one function. Whoever deploys the file checks the rest of it.
func stackFunction(file, name string) (labels, env map[string]string, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("--stack: %w", err)
	}
	var stack struct {
		Functions map[string]struct {
			Labels      map[string]string `yaml:"labels"`
			Environment map[string]string `yaml:"environment"`
		} `yaml:"functions"`
	}
	if err := yaml.Unmarshal(data, &stack); err != nil {
		return nil, nil, fmt.Errorf("--stack: %s: %w", file, err)
	}
	f, ok := stack.Functions[name]
	if !ok {
		return nil, nil, function.NotFoundf("--stack: %s has no function %q; it has %s",
			file, name, strings.Join(slices.Sorted(maps.Keys(stack.Functions)), ", "))
	}
	return function.ScalingLabels(f.Labels), f.Environment, nil
}

// scalingOf reads labels and environment as a deployment would.
func scalingOf(labels, env map[string]string) (function.Scaling, error) {
	return function.Function{Labels: labels, Env: env}.ParseScaling()
}

// readMemory reads a quantity of memory that a flag gives.
func readMemory(flag, text string, to *float64) error {
	v, err := function.ParseMemory(text)
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	*to = float64(v)
	return nil
}

// describeScaling is a function's scaling in a line.
func describeScaling(s function.Scaling) string {
	parts := make([]string, len(s.Signals))
	for i, signal := range s.Signals {
		parts[i] = fmt.Sprintf("%s × %g", signal, s.Proportion)
	}
	text := fmt.Sprintf("%s, %d to %d replicas, down window %s", strings.Join(parts, " and "), s.Min, s.Max, brief(s.DownWindow))
	if s.Zero {
		text += ", to zero after " + brief(s.ZeroDuration)
	}
	if s.Slots > 0 {
		text += fmt.Sprintf(", %d slots", s.Slots)
	}
	return text
}
