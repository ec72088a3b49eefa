package load

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

// sampled writes the rates of a curve at so many moments, evenly from its beginning.
func sampled(c *Curve, moments int) string {
	var b strings.Builder
	for i := range moments {
		fmt.Fprintf(&b, "%.3g ", c.Rate(c.Length()*time.Duration(i)/time.Duration(moments)))
	}
	return strings.TrimSpace(b.String())
}

func TestShapes(t *testing.T) {
	for _, test := range []struct {
		text   string
		length time.Duration // that is asked for
		want   string        // its length and ten of its rates
	}{
		{"step", 0, "5m0s: 5 5 50 50 50 50 50 50 50 50"},
		{"step:0.5..100@10", 0, "50s: 0.5 0.5 100 100 100 100 100 100 100 100"},
		{"step:50..5", 2 * time.Minute, "2m0s: 50 50 50 50 50 5 5 5 5 5"},
		{"ramp", 0, "10m0s: 5 14 23 32 41 50 50 50 50 50"},
		{"ramp:@30s", 0, "1m0s: 5 14 23 32 41 50 50 50 50 50"},
		{"spike:1..9@10s/30s", 50 * time.Second, "50s: 1 1 9 9 1 1 1 1 9 9"},
		{"spike", 0, "10m0s: 5 50 5 50 5 50 5 50 5 50"},
		{"diurnal:0..100@10h", 0, "10h0m0s: 0 9.55 34.5 65.5 90.5 100 90.5 65.5 34.5 9.55"},
		{"noisy:10..20@6s", time.Minute, "1m0s: 17.4 13.8 10.9 13.6 16.8 11.3 10.8 17.8 12.3 19.2"},
		{
			"trace:20@2m,160@3m,40@2m,sine(40..120,3m)@6m,0@2m", time.Second,
			"15m0s: 20 20 160 160 40 60 100 60 100 0",
		},
		{"trace: 8@2s , 8..4@4s,noisy(1..2,4s)@4s", 0, "10s: 8 8 8 7 6 5 1.74 1.74 1.74 1.74"},
		{"trace:spike(1..2,10s/1m)@1m", 0, "1m0s: 1 1 1 1 1 2 1 1 1 1"},
	} {
		t.Run(test.text, func(t *testing.T) {
			c, err := Parse(test.text, Options{Length: test.length, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			if !Known(test.text) {
				t.Error("it is taken for a file")
			}
			if got := fmt.Sprintf("%s: %s", c.Length(), sampled(c, 10)); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if before, after := c.Rate(-1), c.Rate(c.Length()); before != 0 || after != 0 {
				t.Errorf("%g before it and %g after it, want 0", before, after)
			}
			if twice := c.Times(2).Rate(c.Length() / 2); twice != 2*c.Rate(c.Length()/2) {
				t.Errorf("%g in the middle of twice the load", twice)
			}
		})
	}
}

func TestNoiseHasASeed(t *testing.T) {
	rates := func(seed uint64) string {
		c, err := Parse("noisy", Options{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return sampled(c, 60)
	}
	if first, again := rates(1), rates(1); first != again || first == rates(2) {
		t.Error("the rates do not follow from the seed")
	}
}

func TestBadLoads(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"stepp", `load "stepp": there are diurnal, noisy, ramp, spike, step and trace`},
		{"step:", `"" is no range of two rates, such as 5..50; write for example step:5..50@1m`},
		{"step:5", `"5" is no range of two rates`},
		{"step:5..x", `"x" is no rate: use arrivals a second, from 0 to 1000000`},
		{"step:-5..5", `"-5" is no rate`},
		{"step:5..NaN", `"NaN" is no rate`},
		{"ramp:5..50@", `"" is no time: use a duration such as 90s or 5m, up to 744h`},
		{"ramp:5..50@0s", `"0s" is no time`},
		{"ramp:5..50@1e300", `"1e300" is no time`},
		{"ramp:5..50@700h", `lasts 1400h0m0s: use --length up to`},
		{"spike:5..50@10s/5s", "10s is longer than 5s"},
		{"trace:", `piece 1, "": it does not say for how long, as in 20@2m; write for example trace:20@2m`},
		{"trace:20@2m,", `piece 2, ""`},
		{"trace:20@2m,x@2m", `piece 2, "x@2m": "x" is no rate`},
		{"trace:cosine(1..2,3s)@2m", `"cosine" is unknown here: there are sine, noisy and spike`},
		{"trace:sine(1..2@3s)@2m", "two arguments in brackets are needed"},
		{"trace:sine(1..2,3s@2m", "two arguments in brackets are needed"},
		{"trace:1@700h,2@700h", "the trace is longer than 744h"},
	} {
		t.Run(test.text, func(t *testing.T) {
			_, err := Parse(test.text, Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) || !errors.Is(err, function.ErrInvalid) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
	if _, err := Parse("step", Options{Length: -time.Second}); err == nil {
		t.Error("a negative length is taken")
	}
}

func TestCSV(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"seconds", "0,5\n10,50\n30,5\n", "50s: 5 5 50 50 50 50 5 5 5 5"},
		{"a header", "time,rate\n0,5\n10,50\n", "20s: 5 5 5 5 5 50 50 50 50 50"},
		{"other columns", "function; what\n0,5\n10,50\n", "20s: 5 5 5 5 5 50 50 50 50 50"},
		{"columns in another order", "\xef\xbb\xbfname,Rate,Time\na,5,0\nb,50,10\n", "20s: 5 5 5 5 5 50 50 50 50 50"},
		{"an unknown header", "when,how many\n0,5\n10,50\n", "20s: 5 5 5 5 5 50 50 50 50 50"},
		{"other names in another order", "Requests,Seconds\n5,0\n50,10\n", "20s: 5 5 5 5 5 50 50 50 50 50"},
		{"a header that names the time alone", "load,time\n5,0\n50,10\n", "20s: 5 5 5 5 5 50 50 50 50 50"},
		{"a header that names the rate alone", "rate,when\n5,0\n50,10\n", "20s: 5 5 5 5 5 50 50 50 50 50"},
		{"durations", "# mine\n\n 1m , 5\n1m10s,50\n", "20s: 5 5 5 5 5 50 50 50 50 50"},
		{"dates", "2026-11-23T10:00:00Z,5\n2026-11-23T11:00:10+01:00,50\n", "20s: 5 5 5 5 5 50 50 50 50 50"},
		{"dates of Grafana", `"2026-11-23 10:00:00",5` + "\r\n2026-11-23 10:00:10,50\r\n", "20s: 5 5 5 5 5 50 50 50 50 50"},
		{"since 1970", "1763800000.5,5\n1763800010.5,50\n", "20s: 5 5 5 5 5 50 50 50 50 50"},
		{"milliseconds since 1970", "1763800000500,5\n1763800010500,50\n", "20s: 5 5 5 5 5 50 50 50 50 50"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.ReplaceAll(test.text, "; ", ",")
			c, err := ReadCSV("a.csv", strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, fmt.Sprintf("%s: %s", c.Length(), sampled(c, 10))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBadCSV(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "a.csv: 0 rates: at least two are needed"},
		{"one row", "time,rate\n0,5\n", "a.csv: 1 rates"},
		{"one column", "0\n", "a.csv:1: 1 columns: a time and a rate are needed"},
		{"no time", "time,rate\n0,5\nx,6\n", `a.csv:3: "x" is no time: use seconds, a duration`},
		{"no rate", "0,5\n\n# c\n10,\n", `a.csv:4: "" is no rate`},
		{"a negative rate", "0,5\n10,-1\n", `a.csv:2: "-1" is no rate`},
		{"backwards", "0,5\n10,5\n10,6\n", "a.csv:3: time 10 is not later than that of the row before"},
		{"before the first", "10,5\n0,5\n", "a.csv:2: its time is before that of the first row"},
		{"mixed", "2026-11-23T10:00:00Z,5\n10,6\n", "a.csv:2: dates and seconds are mixed"},
		{"too long", "0,5\n999999999,5\n", "a.csv:2: its time is more than 744h after"},
		{"too long at the end", "0,5\n1339200,5\n2678400,5\n", "a.csv: rate 3: its time is not later than the one before it, or more than 744h"},
		{"a bad quote", "0,5\n10,\"6\n", "a.csv:2: extraneous or missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ReadCSV("a.csv", strings.NewReader(test.text))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || !errors.Is(err, function.ErrInvalid) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

// checkCurve fails where a curve that was read has what no load has.
func checkCurve(t *testing.T, c *Curve, err error) {
	t.Helper()
	if err != nil {
		if !errors.Is(err, function.ErrInvalid) {
			t.Errorf("%v is of another kind", err)
		}
		return
	}
	if c.Length() <= 0 || c.Length() > maxLength {
		t.Fatalf("it lasts %s", c.Length())
	}
	for i := range time.Duration(100) {
		if rate := c.Rate(c.Length() / 100 * i); !(rate >= 0) || rate > maxRate*1.000001 {
			t.Fatalf("%g a second at %d of 100", rate, i)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"step", "ramp:5..50@5m", "spike:1..9@10s/30s", traceExample, "trace:noisy(1..2,4s)@4s"} {
		f.Add(text, uint64(1))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		c, err := Parse(text, Options{Seed: seed})
		checkCurve(t, c, err)
		if err == nil && !Known(text) {
			t.Error("it is taken for a file")
		}
	})
}

func FuzzReadCSV(f *testing.F) {
	f.Add("time,rate\n0,5\n1m,50\n")
	f.Add("2026-11-23T10:00:00Z,5\n2026-11-23 10:00:10,50\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ReadCSV("a.csv", strings.NewReader(text))
		checkCurve(t, c, err)
	})
}

func BenchmarkRate(b *testing.B) {
	c, err := Parse(traceExample, Options{})
	if err != nil {
		b.Fatal(err)
	}
	for i := range b.N {
		c.Rate(time.Duration(i) % c.Length())
	}
}
