package main

import (
	"context"
	"encoding/json"
	"os"

	"faas/api"
)

// scaleExplainCommand is `faas scale explain`.
type scaleExplainCommand struct {
	gatewayFlags
	Name   string `arg:"" help:"The function."`
	Output string `short:"o" default:"text" enum:"text,json" placeholder:"FORMAT" help:"What is printed: text or json (default ${default})."`
}

// Run prints what there is to say.
func (c *scaleExplainCommand) Run(ctx context.Context) error {
	var s api.FunctionScaling
	if err := c.ask(ctx, "GET", scalingPath(c.Name), nil, &s); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(s)
}
