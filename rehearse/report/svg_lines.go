package report

import (
	"fmt"
	"math"
	"strings"

	"faas/rehearse"
)

// load draws the load over the capacity, upwards from the pixel row ground.
func (d *drawing) load(all []bucket, ground int, knowsCapacity bool) {
	level := func(v float64) float64 { return float64(ground) - loadTall*min(1, v/d.topLoad) }
	if knowsCapacity {
		capacity := steps(all, func(b bucket) float64 { return level(b.capacity) })
		d.printf("<path class=\"room\" d=\"M%d %dV%sV%dz\"/>\n<path class=\"edge\" d=\"M%[1]d %[5]s\"/>\n", left, ground, capacity, ground, capacity)
		if over := overPath(all, level); over != "" {
			d.printf("<path class=\"over\" d=\"%s\"/>\n", over)
		}
	}
	d.printf("<path class=\"seen\" d=\"%s\"/>\n", polyline(all, func(b bucket) float64 { return level(b.arrivals) }))
	d.printf("<path class=\"load\" d=\"%s\"/>\n", polyline(all, func(b bucket) float64 { return level(b.load) }))
}

// overPath fills what of the load is above capacity, a column each.
func overPath(all []bucket, level func(float64) float64) string {
	var b strings.Builder
	for i, c := range all {
		if c.load <= c.capacity*(1+1e-9) {
			continue
		}
		bottom, top := level(c.capacity), level(c.load)
		if bottom-top < 0.5 {
			top = bottom - 0.5
		}
		fmt.Fprintf(&b, "M%d %sV%sh1V%sz", left+i, px(bottom), px(top), px(bottom))
	}
	return b.String()
}

// counts draws the ready replicas as an area and the desired ones as a line.
func (d *drawing) counts(c *Contender, all []bucket, ground int) {
	level := func(v float64) float64 { return float64(ground) - countTall*min(1, v/d.topCount) }
	ready := steps(all, func(b bucket) float64 { return level(float64(b.ready)) })
	d.printf("<path class=\"have\" d=\"M%d %dV%sV%dz\"/>\n", left, ground, ready, ground)

	var b strings.Builder // the decisions say exactly when
	n := startCount(c.Result)
	fmt.Fprintf(&b, "M%d %s", left, px(level(float64(n))))
	for _, decision := range c.Result.Decisions {
		if decision.At >= 0 && decision.At <= d.report.Length {
			fmt.Fprintf(&b, "H%sV%s", px(d.x(decision.At)), px(level(float64(decision.To))))
		}
	}
	fmt.Fprintf(&b, "H%d", width-right)
	d.printf("<path class=\"want\" d=\"%s\"/>\n", b.String())
}

// startCount is the desired count at the beginning.
func startCount(r rehearse.FunctionResult) int {
	count := 0
	if len(r.Points) > 0 {
		count = r.Points[0].Desired
	}
	for _, d := range r.Decisions {
		if d.At >= 0 {
			return d.From
		}
		count = d.To
	}
	return count
}

// marks draws a triangle for each decision, which says why when it is pointed at.
func (d *drawing) marks(c *Contender, ground int) {
	direction, drawn := 0, 0
	for _, decision := range c.Result.Decisions {
		if decision.At < 0 || decision.At > d.report.Length || drawn == maxMarks {
			continue
		}
		drawn++
		x, y := d.x(decision.At), float64(ground)-countTall*min(1, float64(decision.To)/d.topCount)
		shape, now := "l-5 9h10z", 1 // up
		if decision.To < decision.From {
			shape, now = "l-5 -9h10z", -1
		}
		class := "mark"
		if direction != 0 && direction != now {
			class = "mark turn"
		}
		direction = now
		d.printf("<g class=\"decision\"><path class=\"%s\" d=\"M%s %s%s\"/><circle class=\"hit\" cx=\"%[2]s\" cy=\"%[3]s\" r=\"9\"/><title>%[5]s</title></g>\n",
			class, px(x), px(y), shape,
			escape(fmt.Sprintf("%s  %d → %d\n%s", moment(decision.At), decision.From, decision.To, why(decision.Alert, decision.Signal, decision.Reason))))
	}
}

// steps is a path from the left through the levels of all columns, without its first command. Columns are levels, and
// not points: a count is the same until it changes.
func steps(all []bucket, level func(bucket) float64) string {
	var b strings.Builder
	last := math.NaN()
	for i, c := range all {
		y := level(c)
		switch {
		case i == 0:
			b.WriteString(px(y))
		case px(y) != px(last):
			fmt.Fprintf(&b, "H%dV%s", left+i, px(y))
		}
		last = y
	}
	fmt.Fprintf(&b, "H%d", left+len(all))
	return b.String()
}

// polyline joins the middles of all columns, and leaves out those that lie between equals.
func polyline(all []bucket, level func(bucket) float64) string {
	var b strings.Builder
	for i, c := range all {
		y := px(level(c))
		switch {
		case i == 0:
			fmt.Fprintf(&b, "M%d %s", left, y)
		case i == len(all)-1:
			fmt.Fprintf(&b, "L%d %s", left+i+1, y)
		case y == px(level(all[i-1])) && y == px(level(all[i+1])):
		default:
			fmt.Fprintf(&b, "L%s %s", px(float64(left+i)+0.5), y)
		}
	}
	return b.String()
}
