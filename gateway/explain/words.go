package explain

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"faas/function"
	"faas/internal/alerting"
)

// maxWords bounds what others wrote, in characters.
const maxWords = 200

// amount is a load in words.
func amount(t function.ScalingType, v float64) string { return figure(t, v) + unit(t) }

// figure is a load without its unit where that is a word.
func figure(t function.ScalingType, v float64) string {
	switch t {
	case function.ScalingMemory:
		if v >= 10*(1<<30) {
			return number(v/(1<<30)) + "Gi"
		}
		return number(v/(1<<20)) + "Mi"
	case function.ScalingCPU:
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64) + "m"
	}
	return number(v)
}

func unit(t function.ScalingType) string {
	switch t {
	case function.ScalingCapacity:
		return " in flight"
	case function.ScalingQueue:
		return " queued"
	}
	return " " + string(t)
}

// number has one place after the point where that says something.
func number(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	if v > 0 && v < 0.1 {
		return strconv.FormatFloat(v, 'g', 1, 64)
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// carried is "what 1 replica carries (4.5)".
func carried(s Signal, n int) string {
	who := strconv.Itoa(n) + " replicas carry"
	if n == 1 {
		who = "1 replica carries"
	}
	return fmt.Sprintf("what %s (%s)", who, figure(s.Type, s.Capacity))
}

// span is a duration as a person says it, to the second.
func span(d time.Duration) string {
	if d < 0 {
		d = 0
	}
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// clock is a time of day, with its zone.
func clock(t time.Time) string { return t.Format("15:04:05 MST") }

// moment is a time that may be on another day.
func moment(now, t time.Time) string {
	t = t.In(now.Location())
	if now.YearDay() == t.YearDay() && now.Year() == t.Year() {
		return clock(t)
	}
	return t.Format("2006-01-02 15:04 MST")
}

func cut(text string) string {
	if r := []rune(text); len(r) > maxWords {
		return string(r[:maxWords]) + "…"
	}
	return text
}

// frozen says which silences hold changes of a kind, and which ones they do. Empty: none.
func (f Facts) frozen(holds func(Frozen) bool) string {
	var texts []string
	for _, s := range f.Frozen {
		if !holds(s) {
			continue
		}
		what := alerting.Freeze{Up: s.Up, Down: s.Down, Zero: s.Zero}.What()
		text := fmt.Sprintf("%s by silence %s until %s", what, s.Silence, moment(f.Now, s.Until))
		if s.Comment != "" {
			text += " (" + cut(s.Comment) + ")"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

func up(s Frozen) bool   { return s.Up }
func down(s Frozen) bool { return s.Down }
func zero(s Frozen) bool { return s.Zero }
