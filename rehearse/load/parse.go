package load

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"faas/function"
)

// Options say what a shape does not.
type Options struct {
	// Length is how long a built-in shape lasts; 0: as long as it takes to show itself. Traces say it themselves.
	Length time.Duration
	// Seed chooses the random rates of noisy loads.
	Seed uint64
}

// Parse reads a load such as "step:5..50@1m" or "trace:20@2m,160@3m". Known reports for which texts it is meant.
// Errors are of kind ErrInvalid.
func Parse(text string, o Options) (*Curve, error) {
	name, rest, given := strings.Cut(text, ":")
	if o.Length < 0 || o.Length > maxLength {
		return nil, function.Invalidf("a load of %s: use a length up to %s", o.Length, maxLength)
	}
	if name == "trace" {
		return parseTrace(rest, o)
	}
	s, ok := shapes[name]
	if !ok {
		return nil, function.Invalidf("load %q: there are %s and trace", text, strings.Join(Shapes(), ", "))
	}
	a := s.defaults
	if given {
		var err error
		if a, err = parseArguments(rest, a); err != nil {
			return nil, function.Invalidf("load %q: %w; write for example %s:%s", text, err, name, s.defaults)
		}
	}
	length := s.length(a)
	if o.Length > 0 {
		length = o.Length
	}
	if length > maxLength {
		return nil, function.Invalidf("load %q lasts %s: use --length up to %s", text, length, maxLength)
	}
	c := &Curve{}
	c.add(length, s.rate(a, o.Seed))
	return c, nil
}

// Known reports whether text begins with the name of a shape or of a trace, and is thus no file.
func Known(text string) bool {
	name, _, _ := strings.Cut(text, ":")
	_, ok := shapes[name]
	return ok || name == "trace"
}

// arguments of a shape: LOW..HIGH@TIME, and for spikes /EVERY.
type arguments struct {
	low, high   float64
	time, every time.Duration
}

// String writes them as they are read.
func (a arguments) String() string {
	return fmt.Sprintf("%g..%g@%s", a.low, a.high, brief(a.time))
}

// parseArguments reads those of a shape. What is left out at the end is as in the defaults.
func parseArguments(text string, a arguments) (arguments, error) {
	rates, times, given := strings.Cut(text, "@")
	var err error
	if rates != "" || !given {
		if a.low, a.high, err = parseRange(rates); err != nil {
			return a, err
		}
	}
	if !given {
		return a, nil
	}
	width, every, given := strings.Cut(times, "/")
	if a.time, err = parseTime(width); err != nil {
		return a, err
	}
	if a.every = 0; !given {
		return a, nil
	}
	if a.every, err = parseTime(every); err == nil && a.every < a.time {
		err = fmt.Errorf("%s is longer than %s", brief(a.time), brief(a.every))
	}
	return a, err
}

func parseRange(text string) (low, high float64, err error) {
	from, to, ok := strings.Cut(text, "..")
	if !ok {
		return 0, 0, fmt.Errorf("%q is no range of two rates, such as 5..50", text)
	}
	if low, err = parseRate(from); err != nil {
		return 0, 0, err
	}
	high, err = parseRate(to)
	return low, high, err
}

// parseRate reads arrivals per second.
func parseRate(text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(v >= 0) || v > maxRate {
		return 0, fmt.Errorf("%q is no rate: use arrivals a second, from 0 to %.0f", text, maxRate)
	}
	return v, nil
}

// parseTime reads how long something takes: a Go duration, or seconds.
func parseTime(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	d, err := time.ParseDuration(text)
	if seconds, notSeconds := strconv.ParseFloat(text, 64); notSeconds == nil && seconds <= maxLength.Seconds() {
		d, err = time.Duration(math.Round(seconds*float64(time.Second))), nil
	}
	if err != nil || d < time.Millisecond || d > maxLength {
		return 0, fmt.Errorf("%q is no time: use a duration such as 90s or 5m, up to %s", text, brief(maxLength))
	}
	return d, nil
}

// brief writes a duration without parts that are 0: 5m, and not 5m0s.
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
