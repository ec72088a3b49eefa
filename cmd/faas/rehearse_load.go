package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"faas/function"
	"faas/rehearse"
	"faas/rehearse/load"
	"faas/rehearse/past"
)

const defaultPrometheus = "http://127.0.0.1:9090"

// rehearseLoad says what is played.
type rehearseLoad struct {
	Load   string        `placeholder:"LOAD" help:"The requests a second: a shape such as step:5..50@1m, a trace, or a CSV file with the columns time and rate (default step). How they are written stands above."`
	Times  float64       `default:"1" placeholder:"FACTOR" help:"Multiply the load (default ${default})."`
	Length time.Duration `placeholder:"TIME" help:"How long to play (default: as long as the load is). Beyond the end of a trace, a file or the past there is no load."`
	Tail   time.Duration `placeholder:"TIME" help:"How long to play on after the end of the load."`
	Queued string        `placeholder:"LOAD" help:"The asynchronous calls that wait, for the type queue: written as --load, but a number and no rate."`
	Custom string        `placeholder:"LOAD" help:"The load of your own for the type custom, written likewise."`

	Since      time.Duration `placeholder:"TIME" help:"Play the past of --function, or of --query, from so long ago until now."`
	Start      string        `placeholder:"TIME" help:"Play the past from this time on: a date such as 2026-11-23T10:00:00Z, or seconds since 1970."`
	End        string        `placeholder:"TIME" help:"Until then (default: now)."`
	Step       time.Duration `placeholder:"TIME" help:"How finely the past is looked at (default: 1s up to three hours of --function, else as finely as Prometheus allows, at best 5s)."`
	Query      string        `placeholder:"PROMQL" help:"What to ask for the load, one series of requests a second (default: the rate at which those of --function arrived)."`
	Prometheus string        `placeholder:"URL" env:"FAAS_PROMETHEUS_URL" help:"The Prometheus with the past, and the settings of --function (default: that of faas up, else ${prometheus_url})."`
}

// past reports whether the load is one that has been.
func (c *rehearseLoad) past() bool { return c.Query != "" || c.Since > 0 || c.Start != "" }

// client asks the Prometheus that was given or, where none was, that of the faas up with its data in a directory.
func (c *rehearseLoad) client(data string) (*past.Client, error) {
	url := c.Prometheus
	if url == "" {
		if a, err := readAddresses(data); err == nil && a.Prometheus != "" {
			url = "http://" + a.Prometheus
		}
	}
	client, err := past.New(past.Options{URL: cmp.Or(url, defaultPrometheus)})
	if err != nil {
		return nil, fmt.Errorf("--prometheus: %w", err)
	}
	return client, nil
}

// curve reads or asks for the load. It is exact where each second has as many requests as it had, to which chance would
// add its own a second time.
func (c *rehearseLoad) curve(ctx context.Context, notes io.Writer, client *past.Client, name string, seed uint64, now time.Time) (curve *load.Curve, exact bool, err error) {
	if !c.past() {
		curve, err := c.read(cmp.Or(c.Load, "step"), seed)
		if err != nil {
			return nil, false, fmt.Errorf("--load: %w", err)
		}
		return curve.Times(c.Times), false, nil
	}
	span, err := c.span(now)
	if err != nil {
		return nil, false, err
	}
	var gaps past.Gaps
	if c.Query == "" {
		curve, gaps, exact, err = client.Arrivals(ctx, name, span)
	} else if span, err = span.Check(); err == nil {
		curve, gaps, err = client.Load(ctx, c.Query, past.Anything, span)
	}
	if err != nil {
		return nil, false, err
	}
	if gaps.Repeated > 0 {
		fmt.Fprintf(notes, "faas: of the past, %d values are missing, where the one before them was taken\n", gaps.Repeated)
	}
	if gaps.Asleep > 0 {
		fmt.Fprintf(notes, "faas: of the past, %d values count as 0, since Prometheus has no sample of anything then: it did not run\n", gaps.Asleep)
	}
	return curve.Times(c.Times), exact, nil
}

// read reads a shape, a trace or a file.
func (c *rehearseLoad) read(text string, seed uint64) (*load.Curve, error) {
	if load.Known(text) {
		return load.Parse(text, load.Options{Length: c.Length, Seed: seed})
	}
	f, err := os.Open(text)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, function.Invalidf("%q is no file, and no load: there are %s and trace", text, strings.Join(load.Shapes(), ", "))
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return load.ReadCSV(text, f)
}

// level reads a load that is no rate. None: nil.
func (c *rehearseLoad) level(flag, text string, seed uint64) (rehearse.Curve, error) {
	if text == "" {
		return nil, nil
	}
	curve, err := c.read(text, seed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return curve, nil
}

// span is the time of the past that was asked for.
func (c *rehearseLoad) span(now time.Time) (past.Span, error) {
	s := past.Span{Start: now.Add(-c.Since), End: now, Step: c.Step}
	var errs []error
	for _, one := range []struct {
		flag, text string
		to         *time.Time
	}{{"--start", c.Start, &s.Start}, {"--end", c.End, &s.End}} {
		if one.text == "" {
			continue
		}
		t, err := parseDate(one.text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", one.flag, err))
			continue
		}
		*one.to = t
		if one.flag == "--end" && c.Since > 0 {
			s.Start = t.Add(-c.Since)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return s, err
	}
	// Whole seconds: Prometheus answers for the moments that it is asked for.
	s.Start, s.End = s.Start.Truncate(time.Second), s.End.Truncate(time.Second)
	return s, nil
}

func (c *rehearseLoad) serviceTime(ctx context.Context, client *past.Client, name string, now time.Time) (time.Duration, error) {
	span, err := c.span(now)
	if err != nil {
		return 0, err
	}
	return client.ServiceTime(ctx, name, span)
}

// describe is the load in a few words.
func (c *rehearseLoad) describe(name string) string {
	text := cmp.Or(c.Load, "step")
	if c.past() {
		text = cmp.Or(c.Query, name)
		if c.Start != "" {
			text += " since " + c.Start
		} else {
			text += " of the last " + brief(c.Since)
		}
		if c.End != "" {
			text += " until " + c.End
		}
	}
	if c.Times != 1 {
		text += fmt.Sprintf(" × %g", c.Times)
	}
	return text
}

func parseDate(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds > 0 && seconds < 1e11 {
		return time.Unix(seconds, 0), nil
	}
	return time.Time{}, function.Invalidf("%q is no time: use a date such as 2026-11-23T10:00:00Z, or seconds since 1970", text)
}

// brief writes a duration without what is 0 at its end: 1h, and not 1h0m0s.
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
