package e2e

import (
	"context"
	"time"
)

// System is what a scenario is played on: a gateway with all that stands behind it, on whichever backend.
type System interface {
	// Gateway is the gateway's URL. Functions are invoked there.
	Gateway() string
	// Counts reads the replica counts of all functions; At means nothing there.
	Counts(ctx context.Context) (map[string]Count, error)
	// Gateways are all that scale its functions: each change of a count is in the decision log of exactly one of them.
	Gateways() []*Client
}

// Count is a function's replica counts from a moment on.
type Count struct {
	At             time.Duration
	Desired, Ready int
}
