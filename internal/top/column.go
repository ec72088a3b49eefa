package top

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// column is one of the table. Its cells are cut or padded to the width that layout gives it.
type column struct {
	title string
	// width is the least that it needs; grow lets it take what is left over, up to most cells.
	width, most int
	// keep ranks columns: where there is no room, the lowest go first.
	keep  int
	right bool
	text  func(Row) string
}

// stateCells bounds the state in tables. The panel and JSON have all of it.
const stateCells = 40

// columns are in the order in which they are shown. All but the decision and P50 fit into 80 cells.
func columns() []column {
	return []column{
		{title: "FUNCTION", width: 12, most: 32, keep: 11, text: func(r Row) string { return r.Name }},
		{title: "REQ/S", width: 6, keep: 10, right: true, text: func(r Row) string { return r.Rate.number() }},
		{title: "INFLT", width: 5, keep: 6, right: true, text: func(r Row) string { return r.InFlight.number() }},
		{title: "AVG", width: 6, keep: 4, right: true, text: func(r Row) string { return r.Average.seconds() }},
		{title: "P50", width: 6, keep: 2, right: true, text: func(r Row) string { return r.P50.seconds() }},
		{title: "P99", width: 6, keep: 7, right: true, text: func(r Row) string { return r.P99.seconds() }},
		{title: "ERR", width: 5, keep: 5, right: true, text: func(r Row) string { return r.Errors.percent() }},
		{title: "READY", width: 7, keep: 9, right: true, text: func(r Row) string { return fmt.Sprintf("%d/%d", r.Ready, r.Desired) }},
		{title: "TARGET", width: 11, keep: 3, text: func(r Row) string { return r.Target }},
		{title: "STATE", width: 10, most: stateCells, keep: 8, text: func(r Row) string {
			return ansi.Truncate(r.State, stateCells, "…")
		}},
		{title: "LAST DECISION", width: 30, most: 200, keep: 1, text: func(r Row) string { return r.Last.String() }},
	}
}

// String is the decision in one line.
func (d *Decision) String() string {
	if d == nil {
		return "-"
	}
	if d.Kind == "freeze" {
		return d.Time.Local().Format("15:04:05") + " " + d.Reason
	}
	if d.Kind == "blocked" {
		return fmt.Sprintf("%s %s: %s", d.Time.Local().Format("15:04:05"), d.Code, d.Reason)
	}
	if !d.changed() {
		return fmt.Sprintf("%s held %d: %s", d.Time.Local().Format("15:04:05"), d.From, d.Reason)
	}
	return fmt.Sprintf("%s %d→%d %s", d.Time.Local().Format("15:04:05"), d.From, d.To, d.Reason)
}

// layout chooses the columns that fit into width, one space between two, and shares out what is left.
func layout(width int) []column {
	chosen := columns()
	for total(chosen) > width && len(chosen) > 1 {
		least := 0
		for i, c := range chosen {
			if c.keep < chosen[least].keep {
				least = i
			}
		}
		chosen = append(chosen[:least], chosen[least+1:]...)
	}
	left := width - total(chosen)
	for grown := true; grown && left > 0; { // a cell each in turn, so that none takes it all
		grown = false
		for i := range chosen {
			if left > 0 && chosen[i].width < chosen[i].most {
				chosen[i].width++
				left--
				grown = true
			}
		}
	}
	if left < 0 {
		chosen[0].width += left
	}
	return chosen
}

func total(columns []column) int {
	sum := len(columns) - 1
	for _, c := range columns {
		sum += c.width
	}
	return sum
}

// line joins the cells of one row.
func line(columns []column, text func(column) string) string {
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = fit(text(c), c.width, c.right)
	}
	return strings.Join(cells, " ")
}

// fit cuts s to width cells, with an ellipsis, or pads it.
func fit(s string, width int, right bool) string {
	s = ansi.Truncate(s, max(0, width), "…")
	pad := strings.Repeat(" ", max(0, width-ansi.StringWidth(s)))
	if right {
		return pad + s
	}
	return s + pad
}
