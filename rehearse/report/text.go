package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"faas/rehearse"
)

// TextOptions say how much text there is.
type TextOptions struct {
	// Width is how many cells a line may have. 0: there is no terminal, so that reasons are not cut.
	Width int
	// Decisions is how many are listed of each contender; negative: all.
	Decisions int
}

// graphCells is the width of graphs where nobody says it.
const graphCells = 100

// nameCells bounds the names of contenders in tables.
const nameCells = 28

// WriteText writes a table with a row for each contender, their replicas over time, and their decisions.
func WriteText(w io.Writer, r *Report, o TextOptions) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s for %s: %d requests\n", r.Load, clock(r.Length), r.requests())
	if r.Settings != "" {
		fmt.Fprintln(&b, r.Settings)
	}
	b.WriteByte('\n')
	r.table(&b)
	b.WriteByte('\n')
	r.graph(&b, cmp.Or(o.Width, graphCells))
	for i := range r.Contenders {
		r.Contenders[i].decisions(&b, o)
	}
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

// printable leaves out what drives a terminal: reasons come from rules that somebody else may have written.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\n' {
			return r
		}
		return ' '
	}, text)
}

// table has the figures, and what each contender is where its name does not say it.
func (r *Report) table(b *strings.Builder) {
	rows := [][]string{{"CONTENDER", "REACTION", "OVER CAPACITY", "OF LOAD", "REPLICA-S", "× LEAST", "ACTIONS", "TURNS"}}
	for i := range r.Contenders {
		c := &r.Contenders[i]
		s := c.Result.Score
		rows = append(rows, []string{
			ansi.Truncate(c.Name, nameCells, "…"), reaction(s), seconds(s.TimeOverCapacity), percent(c.overPercent()),
			fmt.Sprintf("%.0f", s.ReplicaSeconds), times(c.timesLeast()), strconv.Itoa(s.Actions), strconv.Itoa(s.DirectionChanges),
		})
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	for _, row := range rows {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-ansi.StringWidth(cell))
			if i == 0 {
				b.WriteString(cell + pad)
				continue
			}
			b.WriteString("  " + pad + cell)
		}
		b.WriteByte('\n')
	}
	for i := range r.Contenders {
		if c := &r.Contenders[i]; c.Detail != "" {
			fmt.Fprintf(b, "%s%s: %s\n", lead(i == 0), c.Name, c.Detail)
		}
	}
}

// lead parts the first line of a list from what is above it.
func lead(first bool) string {
	if first {
		return "\n"
	}
	return ""
}

// decisions lists what a contender changed.
func (c *Contender) decisions(b *strings.Builder, o TextOptions) {
	if o.Decisions == 0 {
		return
	}
	all := slices.DeleteFunc(slices.Clone(c.Result.Decisions), func(d rehearse.Decision) bool { return d.At < 0 }) // of the warm-up
	fmt.Fprintf(b, "\n%s: %s\n", c.Name, plural(len(all), "decision", "decisions"))
	for i, d := range all {
		if i == o.Decisions {
			fmt.Fprintf(b, "  … and %d more: --decisions %d shows them\n", len(all)-i, len(all))
			return
		}
		reason := strings.ReplaceAll(why(d.Alert, d.Signal, d.Reason), "\n", " ")
		line := fmt.Sprintf("  %10s  %4d → %-4d  %s", moment(d.At), d.From, d.To, reason)
		if o.Width > 0 {
			line = ansi.Truncate(line, o.Width, "…")
		}
		fmt.Fprintln(b, strings.TrimRight(line, " "))
	}
}

// why puts the reason of a decision after what asked for it.
func why(alert, signal, reason string) string {
	var parts []string
	for _, part := range []string{alert, signal} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	text := strings.Join(parts, " ")
	switch {
	case text == "":
		return reason
	case reason == "":
		return text
	}
	return text + ": " + reason
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// clock writes a time since the beginning, 1:02 or 1:00:02, and with decimals where they are not 0.
func clock(d time.Duration) string {
	return strings.TrimSuffix(moment(d), ".00")
}

// moment writes it with decimals: 1:02.50.
func moment(d time.Duration) string {
	if d < 0 {
		return "-" + moment(-d)
	}
	d = d.Round(10 * time.Millisecond)
	s := (d % time.Minute).Seconds()
	if d < time.Hour {
		return fmt.Sprintf("%d:%05.2f", d/time.Minute, s)
	}
	return fmt.Sprintf("%d:%02d:%05.2f", d/time.Hour, d%time.Hour/time.Minute, s)
}

// seconds writes how long something took.
func seconds(d time.Duration) string {
	switch s := d.Seconds(); {
	case s == 0:
		return "0 s"
	case s < 10:
		return fmt.Sprintf("%.2f s", s)
	case s < 100:
		return fmt.Sprintf("%.1f s", s)
	default:
		return fmt.Sprintf("%.0f s", s)
	}
}

// reaction is "-" where there was nothing to react to.
func reaction(s rehearse.Score) string {
	switch {
	case s.Reaction >= 0:
		return seconds(s.Reaction)
	case s.TimeOverCapacity > 0:
		return "never"
	}
	return "-"
}

func percent(p float64) string {
	switch {
	case p == 0:
		return "0 %"
	case p < 0.01:
		return "<0.01 %"
	case p < 10:
		return fmt.Sprintf("%.2f %%", p)
	}
	return fmt.Sprintf("%.0f %%", p)
}

func times(factor float64) string {
	if factor == 0 || math.IsInf(factor, 0) {
		return "-"
	}
	return fmt.Sprintf("%.2f", factor)
}
