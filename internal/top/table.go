package top

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/charmbracelet/x/ansi"
)

// WriteTable writes rows as plain aligned text, for people and for grep. States that the table cuts, such as why a
// function is blocked, follow it whole, and so does what is wrong with the control loop.
func WriteTable(w io.Writer, s Sample, rows []Row) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	all := columns()
	titles := make([]string, len(all))
	for i, c := range all {
		titles[i] = c.title
	}
	if _, err := fmt.Fprintln(table, strings.Join(titles, "\t")); err != nil {
		return err
	}
	for _, r := range rows {
		cells := make([]string, len(all))
		for i, c := range all {
			cells[i] = c.text(r)
		}
		if _, err := fmt.Fprintln(table, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		if ansi.StringWidth(r.State) <= stateCells {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s  %s\n", r.Name, r.State); err != nil {
			return err
		}
	}
	if s.ControlLoop != alive {
		_, err := fmt.Fprintln(w, loopText(s.ControlLoop))
		return err
	}
	return nil
}

// WriteJSON writes rows with the state of the control loop as one JSON object.
func WriteJSON(w io.Writer, s Sample, rows []Row) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Time        string `json:"time"`
		ControlLoop string `json:"control_loop"`
		Functions   []Row  `json:"functions"`
	}{s.At.UTC().Format("2006-01-02T15:04:05.000Z07:00"), s.ControlLoop, rows})
}
