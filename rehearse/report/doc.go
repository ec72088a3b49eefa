// Package report shows what a rehearsal gave: as text for a terminal, as JSON for programs, and as a picture in SVG.
//
// It stands outside both flows. Each of its functions is pure but for the writer that it is given.
package report
