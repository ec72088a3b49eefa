// Package load makes the loads that a rehearsal replays: built-in shapes, traces of several pieces, rows of a CSV
// file, and samples of one's own past. All are arrivals per second over time.
//
// It stands outside both flows. It imports no Prometheus, so that its parsers are fuzzed without it.
package load
