package top

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// View is one picture of the terminal. Render is pure.
type View struct {
	// Gateway is its base URL, ControlLoop what the gateway says of it, At when the sample was taken.
	Gateway, ControlLoop string
	At                   time.Time
	// Stale says why no newer sample could be had. Nil: this one is fresh.
	Stale error
	// Rows are shown in their order, which Sort tells of. Selected is the name of the one in the panel.
	Rows     []Row
	Sort     SortKey
	Selected string
	// Points are those of the selected function, Decisions its own, oldest first.
	Points    []Point
	Decisions []Decision
	// Width and Height are in cells.
	Width, Height int
}

const (
	headLines = 3 // two of state, one of column titles
	minRows   = 3 // the table has at least so many beside the panel
)

// panelSize says how many lines each graph and the decisions get: few, or more where there is room.
func (v View) panelSize() (graph, decisions int) {
	if v.Height >= 36 {
		return 5, 8
	}
	return 3, 3
}

// styles are colours by meaning, from the terminal's own palette, so that they suit its background.
type styles struct{ title, strong, faint, good, warn, bad, chosen lipgloss.Style }

func newStyles() styles {
	plain := lipgloss.NewStyle()
	return styles{
		title:  plain.Bold(true),
		strong: plain.Foreground(lipgloss.Cyan),
		faint:  plain.Faint(true),
		good:   plain.Foreground(lipgloss.Green),
		warn:   plain.Foreground(lipgloss.Yellow),
		bad:    plain.Foreground(lipgloss.Red),
		chosen: plain.Reverse(true),
	}
}

// Render draws exactly Height lines of at most Width cells.
func (v View) Render() string {
	s := newStyles()
	var panel []string
	graph, decisions := v.panelSize()
	if v.Height >= headLines+minRows+3+2*graph+decisions+1 && len(v.Rows) > 0 {
		panel = v.panel(s, graph, decisions)
	}
	room := max(0, v.Height-headLines-len(panel)-1)
	lines := append(v.head(s), v.table(s, room)...)
	lines = append(lines, panel...)
	lines = append(lines, s.faint.Render(fit(v.help(), v.Width, false)))
	if len(lines) > v.Height {
		lines = lines[:max(0, v.Height)]
	}
	return strings.Join(lines, "\n")
}

func (v View) head(s styles) []string {
	rate, ready, desired := 0.0, 0, 0
	for _, r := range v.Rows {
		if r.Rate.Known() {
			rate += float64(r.Rate)
		}
		ready, desired = ready+r.Ready, desired+r.Desired
	}
	first := fmt.Sprintf("faas top  %s  %d functions  %d/%d replicas ready  %s req/s",
		strings.TrimPrefix(v.Gateway, "http://"), len(v.Rows), ready, desired, Measure(rate).number())
	clock := v.At.Local().Format("15:04:05")
	first = fit(first, v.Width-len(clock)-1, false) + " " + clock

	style, second := s.good, loopText(v.ControlLoop)
	if v.ControlLoop != alive {
		style = s.bad
	}
	if v.Stale != nil {
		style, second = s.bad, "STALE since "+clock+": "+Printable(v.Stale.Error())
	}
	titles := line(layout(v.Width), func(c column) string { return c.title })
	return []string{s.title.Render(first), style.Render(fit(second, v.Width, false)), s.faint.Render(titles)}
}

// loopText is a line of what a gateway says of its control loop, which begins with these words where it is lost.
func loopText(says string) string {
	switch {
	case says == alive:
		return "control loop alive"
	case strings.HasPrefix(says, "control loop"):
		return says
	}
	return "control loop: " + says
}

// table draws room lines of rows, so that the selected one is among them.
func (v View) table(s styles, room int) []string {
	lines := make([]string, 0, room)
	chosen := slices.IndexFunc(v.Rows, func(r Row) bool { return r.Name == v.Selected })
	first := max(0, min(chosen-room/2, len(v.Rows)-room))
	columns := layout(v.Width)
	for i := first; i < len(v.Rows) && len(lines) < room; i++ {
		r := v.Rows[i]
		text := line(columns, func(c column) string { return c.text(r) })
		lines = append(lines, v.style(s, r, i == chosen).Render(text))
	}
	if len(v.Rows) == 0 && room > 0 {
		lines = append(lines, fit("No functions yet: add one to the stack file, or deploy one with any OpenFaaS client.", v.Width, false))
	}
	for len(lines) < room {
		lines = append(lines, "")
	}
	return lines
}

func (v View) style(s styles, r Row, chosen bool) lipgloss.Style {
	switch {
	case chosen:
		return s.chosen
	case strings.Contains(r.State, "blocked: "), strings.HasSuffix(r.State, "failing"):
		return s.bad
	case r.Frozen != nil:
		return s.strong
	case r.Ready != r.Desired, r.Queued > 0, r.State == "at maximum":
		return s.warn
	case r.State == "asleep", strings.HasPrefix(r.State, "idle"):
		return s.faint
	}
	return lipgloss.NewStyle()
}

// panel tells more of the selected function: what it follows, the graphs, its whole state, the last decisions.
func (v View) panel(s styles, graph, room int) []string {
	i := slices.IndexFunc(v.Rows, func(r Row) bool { return r.Name == v.Selected })
	if i < 0 {
		i = 0
	}
	r := v.Rows[i]
	about := fmt.Sprintf("%s  target %s per replica  %d to %d replicas", r.Name, r.Target, r.Min, r.Max)
	lines := []string{"", s.title.Render(fit(about, v.Width, false))}

	var rates, ready, desired []float64
	for _, p := range v.Points {
		rates = append(rates, float64(p.Rate))
		ready, desired = append(ready, float64(p.Ready)), append(desired, float64(p.Desired))
	}
	lines = append(lines, v.graph(s.strong, graph, "req/s", r.Rate.number(), rates, nil)...)
	lines = append(lines, v.graph(s.good, graph, "ready", fmt.Sprintf("%d/%d", r.Ready, r.Desired), ready, desired)...)

	texts := strings.Split(ansi.Wrap(r.State, max(1, v.Width), ""), "\n") // more than a line of it takes those of decisions
	for _, d := range slices.Backward(v.Decisions) {
		texts = append(texts, d.String())
	}
	if len(v.Decisions) == 0 {
		texts = append(texts, "no decision yet")
	}
	for n := range room + 1 {
		text := ""
		if n < len(texts) {
			text = texts[n]
		}
		lines = append(lines, fit(text, v.Width, false))
	}
	return lines
}

// graph draws values, before a shadow of others where these are higher, beside the top of the axis, the
// name and the newest value.
func (v View) graph(style lipgloss.Style, height int, name, newest string, values, shadow []float64) []string {
	const margin = 9
	width := max(0, v.Width-margin)
	top := ceiling(append(slices.Clone(values), shadow...))
	lines := under(bars(values, top, width, height), bars(shadow, top, width, height))
	labels := make([]string, height)
	labels[0], labels[1], labels[height-1] = Measure(top).number(), name, newest
	for i := range lines {
		lines[i] = fit(labels[i], margin-1, true) + " " + style.Render(lines[i])
	}
	return lines
}

func (v View) help() string {
	return fmt.Sprintf("↑↓ select  q quit  by %s; n name r req/s i in-flight p p99 e errors c replicas", v.Sort)
}
