package load

import (
	"fmt"
	"strings"
	"time"

	"faas/function"
)

// traceExample is shown beside errors.
const traceExample = "trace:20@2m,160@3m,40..80@2m,sine(40..120,3m)@6m,0@2m"

// parseTrace reads pieces separated by commas, each as long as its @TIME says:
//
//	RATE@TIME                    a constant rate
//	FROM..TO@TIME                a straight line
//	sine(LOW..HIGH,PERIOD)@TIME  a sine that begins at LOW; noisy and spike are written the same way
func parseTrace(text string, o Options) (*Curve, error) {
	c := &Curve{}
	for i, part := range splitOutside(text) {
		length, rate, err := parsePiece(strings.TrimSpace(part), o.Seed)
		if err == nil && c.Length()+length > maxLength {
			err = fmt.Errorf("the trace is longer than %s", maxLength)
		}
		if err != nil {
			return nil, function.Invalidf("load trace: piece %d, %q: %w; write for example %s", i+1, part, err, traceExample)
		}
		c.add(length, rate)
	}
	return c, nil
}

func parsePiece(text string, seed uint64) (time.Duration, func(time.Duration) float64, error) {
	what, times, ok := cutLast(text, "@")
	if !ok {
		return 0, nil, fmt.Errorf("it does not say for how long, as in 20@2m")
	}
	length, err := parseTime(times)
	if err != nil {
		return 0, nil, err
	}
	if name, inner, ok := strings.Cut(what, "("); ok {
		rate, err := parseWave(name, inner, seed)
		return length, rate, err
	}
	if strings.Contains(what, "..") {
		from, to, err := parseRange(what)
		return length, rising(from, to, length), err
	}
	rate, err := parseRate(what)
	return length, constant(rate), err
}

// parseWave reads a shape within a trace, whose arguments are LOW..HIGH,TIME.
func parseWave(name, inner string, seed uint64) (func(time.Duration) float64, error) {
	if name == "sine" {
		name = "diurnal"
	}
	if name != "diurnal" && name != "noisy" && name != "spike" {
		return nil, fmt.Errorf("%q is unknown here: there are sine, noisy and spike", name)
	}
	inner, closed := strings.CutSuffix(inner, ")")
	rates, period, two := strings.Cut(inner, ",")
	if !closed || !two {
		return nil, fmt.Errorf("two arguments in brackets are needed, as in sine(40..120,3m)")
	}
	a, err := parseArguments(rates+"@"+period, shapes[name].defaults)
	if err != nil {
		return nil, err
	}
	return shapes[name].rate(a, seed), nil
}

// splitOutside splits at commas outside of brackets.
func splitOutside(text string) []string {
	var parts []string
	depth, begin := 0, 0
	for i, r := range text {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			parts = append(parts, text[begin:i])
			begin = i + 1
		}
	}
	return append(parts, text[begin:])
}

func cutLast(text, sep string) (before, after string, found bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(sep):], true
}
