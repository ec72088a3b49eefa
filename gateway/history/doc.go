// Package history asks Prometheus what a function has lived through, for the charts of the portal.
//
// It stands beside both flows and only reads.
package history
