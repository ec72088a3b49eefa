// Package past asks a Prometheus for what a function has lived through, so that it can be rehearsed: the load it had,
// the time its requests took, and the settings it has now.
//
// It stands outside both flows and only reads.
package past
