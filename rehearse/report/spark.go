package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// eighths are the block characters of none to eight eighths of a cell's height.
var eighths = []rune(" ▁▂▃▄▅▆▇█")

// graph draws a line for the load and one for the desired replicas of each contender, all on one scale of time, and the
// replicas on one scale of height.
func (r *Report) graph(b *strings.Builder, width int) {
	if len(r.Contenders) == 0 {
		return
	}
	names := len("load a second")
	most := 0
	for i := range r.Contenders {
		names = max(names, min(nameCells, ansi.StringWidth(r.Contenders[i].Name)))
		most = max(most, r.Contenders[i].most())
	}
	columns := max(20, width-names-2-len("  to 1234"))
	line := func(name string, bars []float64, top float64) {
		name = ansi.Truncate(name, nameCells, "…")
		fmt.Fprintf(b, "%s%s  %s  to %s\n", name, strings.Repeat(" ", names-ansi.StringWidth(name)), spark(bars, top), threeDigits(highest(bars)))
	}
	load := values(r.buckets(0, columns), func(c bucket) float64 { return c.load })
	line("load a second", load, highest(load))
	for i := range r.Contenders {
		line(r.Contenders[i].Name, values(r.buckets(i, columns), func(c bucket) float64 { return float64(c.desired) }), float64(most))
	}
	end := clock(r.Length)
	fmt.Fprintf(b, "%s  0:00%s%s\n", strings.Repeat(" ", names), strings.Repeat(" ", max(1, columns-4-len(end))), end)
}

// threeDigits writes a number with three digits or more.
func threeDigits(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func values(columns []bucket, of func(bucket) float64) []float64 {
	out := make([]float64, len(columns))
	for i, c := range columns {
		out[i] = of(c)
	}
	return out
}

func highest(values []float64) float64 {
	top := 0.0
	for _, v := range values {
		top = max(top, v)
	}
	return top
}

// spark draws values in one line. What is not 0 is seen.
func spark(values []float64, top float64) string {
	var b strings.Builder
	for _, v := range values {
		n := 0
		if v > 0 && top > 0 {
			n = max(1, int(math.Round(min(v/top, 1)*8)))
		}
		b.WriteRune(eighths[n])
	}
	return b.String()
}
