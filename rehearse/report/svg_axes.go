package report

import (
	"fmt"
	"math"
	"time"
)

// axes draws the lines behind a graph, with their values.
func (d *drawing) axes(y, tall int, top float64, unit string) {
	d.text(left, y-7, "tick", unit)
	for _, at := range d.times() {
		d.printf("<path class=\"rule\" d=\"M%s %dv%d\"/>\n", px(d.x(at)), y, tall)
	}
	for i := range 3 {
		at := float64(y) + float64(tall)*float64(i)/2
		class := "rule"
		if i == 2 {
			class = "base"
		}
		d.printf("<line class=\"%s\" x1=\"%d\" x2=\"%d\" y1=\"%s\" y2=\"%[4]s\"/>\n", class, left, width-right, px(at))
		d.text(left-8, int(at)+4, "tick end", fmt.Sprintf("%.4g", top*float64(2-i)/2))
	}
}

// timeAxis writes the times below the last graph.
func (d *drawing) timeAxis(y int) {
	for _, at := range d.times() {
		d.printf("<text x=\"%s\" y=\"%d\" class=\"tick mid\">%s</text>\n", px(d.x(at)), y+20, clock(at))
	}
}

// times are those that have a line.
func (d *drawing) times() []time.Duration {
	var all []time.Duration
	step := timeStep(d.report.Length)
	for at := time.Duration(0); at <= d.report.Length; at += step {
		all = append(all, at)
	}
	return all
}

// timeSteps are those that people count in.
var timeSteps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour,
}

// timeStep is the least that gives at most twelve.
func timeStep(length time.Duration) time.Duration {
	for _, step := range timeSteps {
		if length/step <= 12 {
			return step
		}
	}
	return max(time.Second, length/12)
}

// axis is the end of an axis for values up to v: 1, 2, 3, 4, 5, 6 or 8 with zeros.
func axis(v float64) float64 {
	scale := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 2, 3, 4, 5, 6, 8} {
		if step*scale >= v*(1-1e-9) {
			return step * scale
		}
	}
	return 10 * scale
}

// px writes a place to a tenth of a pixel.
func px(v float64) string { return fmt.Sprintf("%.4g", math.Round(v*10)/10) }
