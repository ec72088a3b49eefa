package main

import (
	"context"

	"faas/api"
)

// scaleSetCommand is `faas scale set`.
type scaleSetCommand struct {
	gatewayFlags
	Name string `arg:"" help:"The function."`
}

// Run sends what was given.
func (c *scaleSetCommand) Run(ctx context.Context) error {
	var after api.FunctionScaling
	return c.ask(ctx, "PATCH", scalingPath(c.Name), map[string]any{}, &after)
}
