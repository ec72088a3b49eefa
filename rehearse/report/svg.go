package report

import (
	_ "embed"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

//go:embed style.css
var style string

// The picture's measures in pixels. Graphs are as wide as they have columns.
const (
	width     = 1000
	left      = 64 // of the graphs
	right     = 24
	columns   = width - left - right
	head      = 112 // above the first contender
	title     = 70  // of a contender
	loadTall  = 120
	between   = 22
	countTall = 84
	gap       = 30 // below a contender
	foot      = 52
	panel     = title + loadTall + between + countTall + gap
	// maxMarks bounds the decisions that are marked; so many cannot be told apart anyhow.
	maxMarks = 1000
)

// drawing is a picture that is being written.
type drawing struct {
	strings.Builder
	report *Report
	// topLoad and topCount are the ends of the axes, the same for all contenders so that they compare.
	topLoad, topCount float64
}

// WriteSVG draws the load with the capacity, and the desired and the ready replicas, of each contender, one below the
// other on the same axes. The picture stands alone, in light and in dark.
func WriteSVG(w io.Writer, r *Report) error {
	d := &drawing{report: r}
	all := make([][]bucket, len(r.Contenders))
	for i := range r.Contenders {
		all[i] = r.buckets(i, columns)
		for _, b := range all[i] {
			d.topLoad = max(d.topLoad, b.load)
		}
		d.topCount = max(d.topCount, float64(r.Contenders[i].most()))
	}
	// Chance and capacity may be far above the load; what is above twice the load says no more.
	limit, most := 2*d.topLoad, d.topLoad
	for i := range all {
		for _, b := range all[i] {
			most = max(most, min(limit, max(b.capacity, b.arrivals)))
		}
	}
	d.topLoad, d.topCount = axis(max(most, 1)), axis(max(d.topCount, 1))

	height := head + len(r.Contenders)*panel - gap + foot
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t d">`+"\n",
		width, height, width, height)
	d.printf("<title id=\"t\">Rehearsal of %s</title>\n<desc id=\"d\">%s</desc>\n", escape(r.Load), escape(d.summary()))
	d.printf("<style>\n%s</style>\n<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n", style, width, height)
	d.header()
	for i := range r.Contenders {
		d.contender(&r.Contenders[i], all[i], head+i*panel)
	}
	d.timeAxis(height - foot)
	d.WriteString("</svg>\n")
	_, err := io.WriteString(w, d.String())
	return err
}

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(d, format, args...) }

// text writes a text at a place. class are classes of the style.
func (d *drawing) text(x, y int, class, text string) {
	d.printf("<text x=\"%d\" y=\"%d\" class=\"%s\">%s</text>\n", x, y, class, escape(text))
}

// header says what is shown, and what the colours mean.
func (d *drawing) header() {
	r := d.report
	d.text(left, 40, "h1", cut("Rehearsal: "+r.Load, 78))
	d.text(left, 62, "soft", cut(strings.TrimPrefix(r.Settings+"; ", "; ")+fmt.Sprintf("%s of load, %d requests, seed %d", clock(r.Length), r.requests(), r.Seed), 150))
	x := left
	for _, entry := range []struct{ draw, text string }{
		{`<path class="seen" d="M%[1]d 86h6l4 -5 4 8 6 -3"/><path class="load" d="M%[1]d 86h20"/>`, "load, and what chance made of it"},
		{`<path class="room" d="M%[1]d 92v-10h20v10z"/><path class="edge" d="M%[1]d 82h20"/>`, "capacity"},
		{`<path class="over" d="M%[1]d 92v-10h20v10z"/>`, "over capacity"},
		{`<path class="want" d="M%[1]d 91h8v-8h12"/>`, "desired"},
		{`<path class="have" d="M%[1]d 92v-10h20v10z"/>`, "ready"},
		{`<path class="mark" d="M%[1]d 91l5 -9 5 9z"/><path class="mark turn" transform="translate(12)" d="M%[1]d 82l5 9 5 -9z"/>`, "change, change of direction"},
	} {
		d.printf(entry.draw+"\n", x)
		d.text(x+28, 91, "soft", entry.text)
		x += 28 + len(entry.text)*63/10 + 24
	}
}

// contender draws one of them from y down.
func (d *drawing) contender(c *Contender, all []bucket, y int) {
	d.text(left, y+20, "h2", cut(c.Name, 60))
	d.text(left, y+40, "soft", cut(c.Detail, 84))
	d.score(c, y)
	y += title
	d.axes(y, loadTall, d.topLoad, "requests/s")
	d.load(all, y+loadTall, c.PerReplica > 0)
	y += loadTall + between
	d.axes(y, countTall, d.topCount, "replicas")
	d.counts(c, all, y+countTall)
	d.marks(c, y+countTall)
}

// score puts the figures at the right of a contender's name.
func (d *drawing) score(c *Contender, y int) {
	s := c.Result.Score
	class := "num"
	if s.TimeOverCapacity > 0 {
		class = "num bad"
	}
	d.printf(`<text x="%d" y="%d" class="end"><tspan class="%s">%s</tspan> <tspan class="soft">of the load over capacity, in</tspan> <tspan class="num">%s</tspan>`+
		`<tspan class="soft">; reaction</tspan> <tspan class="num">%s</tspan></text>`+"\n",
		width-right, y+20, class, escape(percent(c.overPercent())), seconds(s.TimeOverCapacity), reaction(s))
	d.printf(`<text x="%d" y="%d" class="end"><tspan class="num">%.0f</tspan> <tspan class="soft">replica-seconds, × least</tspan> <tspan class="num">%s</tspan>`+
		`<tspan class="soft">; actions</tspan> <tspan class="num">%d</tspan><tspan class="soft">, turns</tspan> <tspan class="num">%d</tspan></text>`+"\n",
		width-right, y+40, s.ReplicaSeconds, times(c.timesLeast()), s.Actions, s.DirectionChanges)
}

// summary is for those who cannot see the picture.
func (d *drawing) summary() string {
	var parts []string
	for i := range d.report.Contenders {
		c := &d.report.Contenders[i]
		parts = append(parts, fmt.Sprintf("%s: %s of the load over capacity, %.0f replica-seconds, %d actions.",
			c.Name, percent(c.overPercent()), c.Result.Score.ReplicaSeconds, c.Result.Score.Actions))
	}
	return strings.Join(parts, " ")
}

// x is where a time is.
func (d *drawing) x(at time.Duration) float64 {
	return left + columns*min(1, max(0, float64(at)/float64(max(1, d.report.Length))))
}

// escape makes text safe within XML: what XML cannot have becomes U+FFFD.
func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

// cut bounds a text by its characters.
func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
