package main

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// glued writes "--target -3" as "--target=-3": the parser takes what begins with a hyphen for a flag, and advises what is refused
// as well. No flag of ours is a number, so what a number may be is for those to say who read it.
func glued(args []string) []string {
	var out []string
	for i, arg := range args {
		if arg == "--" {
			return append(out, args[i:]...)
		}
		_, err := strconv.ParseFloat(arg, 64)
		if last := len(out) - 1; err == nil && strings.HasPrefix(arg, "-") && last >= 0 && strings.HasPrefix(out[last], "--") && !strings.Contains(out[last], "=") {
			out[last] += "=" + arg
			continue
		}
		out = append(out, arg)
	}
	return out
}

// withHelp asks for help where nothing is asked for, and where help is, as a command.
func withHelp(args []string) []string {
	if len(args) > 0 && args[0] != "help" {
		return args
	}
	return append(slices.Clone(args[min(1, len(args)):]), "--help")
}

// readDuration is how the parser reads times.
func readDuration(ctx *kong.DecodeContext, to reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("time", &text); err != nil {
		return err
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is no time: write it with its unit, such as 10s, 10m or 1h30m", text)
	}
	to.SetInt(int64(d))
	return nil
}
