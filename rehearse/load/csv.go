package load

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"faas/function"
)

// maxRows bounds what is read of a file: a day of seconds has 86,400.
const maxRows = 1_000_000

// ReadCSV reads rows of a time and a rate, from whatever wrote them. A rate holds until the next row's time, the last
// one as long as the one before it. Times are seconds, durations such as 1m30s, or dates of RFC 3339; they count from
// the first row's. A header may name the columns time (or seconds) and rate (or requests) in any order; without one they
// are the first two.
// What cannot be read is an error of kind ErrInvalid with its line, named as in name.
func ReadCSV(name string, r io.Reader) (*Curve, error) {
	buffered := bufio.NewReader(r)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" { // of spreadsheets
		_, _ = buffered.Discard(3) // it was just peeked at
	}
	reader := csv.NewReader(buffered)
	reader.Comment, reader.TrimLeadingSpace, reader.FieldsPerRecord, reader.ReuseRecord = '#', true, -1, true
	p := csvParser{columns: [2]int{0, 1}}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return p.curve(name)
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			return nil, function.Invalidf("%s:%d: %w", name, bad.Line, bad.Err)
		}
		if err != nil {
			var named *fs.PathError
			if errors.As(err, &named) {
				err = named.Err // its text is told once
			}
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		line, _ := reader.FieldPos(0)
		if err := p.row(record); err != nil {
			return nil, function.Invalidf("%s:%d: %w", name, line, err)
		}
	}
}

// Sample is a rate that holds from At on.
type Sample struct {
	At   time.Duration
	Rate float64
}

// FromSamples makes a curve of samples in the order of their times, of which the first is the beginning. The last holds
// as long as the one before it.
func FromSamples(samples []Sample) (*Curve, error) {
	if len(samples) < 2 {
		return nil, function.Invalidf("%d rates: at least two are needed", len(samples))
	}
	c := &Curve{}
	for i, s := range samples {
		length := samples[len(samples)-1].At - samples[len(samples)-2].At
		if i+1 < len(samples) {
			length = samples[i+1].At - s.At
		}
		if length <= 0 || c.Length()+length > maxLength {
			return nil, function.Invalidf("rate %d: its time is not later than the one before it, or more than %s after the first", i+1, maxLength)
		}
		c.add(length, constant(s.Rate))
	}
	return c, nil
}

type csvParser struct {
	columns [2]int // of the time and of the rate
	begun   bool
	// first is the time of the first row, of which all others are as long after it as they say.
	first   stamp
	samples []Sample
}

func (p *csvParser) row(record []string) error {
	if !p.begun {
		p.begun = true
		if p.header(record) {
			return nil
		}
	}
	if len(p.samples) == maxRows {
		return fmt.Errorf("more than %d rows", maxRows)
	}
	if len(record) <= max(p.columns[0], p.columns[1]) {
		return fmt.Errorf("%d columns: a time and a rate are needed, as in 60,12.5", len(record))
	}
	at, err := parseStamp(strings.TrimSpace(record[p.columns[0]]))
	if err != nil {
		return err
	}
	rate, err := parseRate(record[p.columns[1]])
	if err != nil {
		return err
	}
	if len(p.samples) == 0 {
		p.first = at
	}
	after, err := at.since(p.first)
	if err != nil {
		return err
	}
	if n := len(p.samples); n > 0 && after <= p.samples[n-1].At {
		return fmt.Errorf("time %s is not later than that of the row before", record[p.columns[0]])
	}
	p.samples = append(p.samples, Sample{At: after, Rate: rate})
	return nil
}

// header reads the first row as the names of the columns, where neither of its first two fields is a value.
func (p *csvParser) header(record []string) bool {
	if len(record) < 2 {
		return false
	}
	_, notTime := parseStamp(strings.TrimSpace(record[0]))
	_, notRate := parseRate(record[1])
	if notTime == nil || notRate == nil {
		return false
	}
	of := func(names ...string) int {
		return slices.IndexFunc(record, func(field string) bool {
			return slices.Contains(names, strings.ToLower(strings.TrimSpace(field)))
		})
	}
	at, rate := of("time", "seconds"), of("rate", "requests")
	first := func(other int) int { // that is not the other
		if other == 0 {
			return 1
		}
		return 0
	}
	switch {
	case at >= 0 && rate >= 0:
		p.columns = [2]int{at, rate}
	case at >= 0:
		p.columns = [2]int{at, first(at)}
	case rate >= 0:
		p.columns = [2]int{first(rate), rate}
	}
	return true
}

func (p *csvParser) curve(name string) (*Curve, error) {
	c, err := FromSamples(p.samples)
	if err != nil {
		return nil, function.Invalidf("%s: %w", name, err)
	}
	return c, nil
}

// stamp is a time as a row says it: a date, or seconds from any beginning.
type stamp struct {
	date    time.Time
	seconds float64
}

// leastMillis is above every number of seconds that is meant: as seconds since 1970 it is the year 5138.
const leastMillis = 1e11

func parseStamp(text string) (stamp, error) {
	if v, err := strconv.ParseFloat(text, 64); err == nil && v >= 0 && v < 1e14 {
		if v > leastMillis {
			v /= 1000
		}
		return stamp{seconds: v}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return stamp{seconds: d.Seconds()}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateTime} {
		if t, err := time.Parse(layout, text); err == nil {
			return stamp{date: t}, nil
		}
	}
	return stamp{}, fmt.Errorf("%q is no time: use seconds, a duration such as 1m30s, or a date such as 2026-11-23T10:00:00Z", text)
}

// since is how long after the other it is.
func (s stamp) since(o stamp) (time.Duration, error) {
	if s.date.IsZero() != o.date.IsZero() {
		return 0, errors.New("dates and seconds are mixed")
	}
	seconds := s.seconds - o.seconds
	if !s.date.IsZero() {
		seconds = s.date.Sub(o.date).Seconds()
	}
	if seconds < 0 {
		return 0, errors.New("its time is before that of the first row")
	}
	if seconds > maxLength.Seconds() {
		return 0, fmt.Errorf("its time is more than %s after that of the first row", brief(maxLength))
	}
	return time.Duration(math.Round(seconds * float64(time.Second))), nil
}
