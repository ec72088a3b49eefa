package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"faas/api"
	"faas/function"
	"faas/internal/top"
)

// maxNames is how many functions are named to somebody who named none of them.
const maxNames = 10

// unknown says it of a function of which the gateway said so; any other error stays as it is. Doing is what was tried.
func (c *gatewayFlags) unknown(ctx context.Context, doing, name string, err error) error {
	if !errors.Is(err, function.ErrNotFound) {
		return err
	}
	return fmt.Errorf("%s: %w", doing, c.noFunction(ctx, name))
}

// noFunction says that there is no function of a name, and which ones there are.
func (c *gatewayFlags) noFunction(ctx context.Context, name string) error {
	are := "`faas list` shows those that there are"
	var all []api.FunctionStatus
	if err := c.ask(ctx, "GET", "/system/functions", nil, &all); err == nil {
		switch {
		case len(all) == 0:
			are = "there is none at all"
		case len(all) <= maxNames:
			names := make([]string, len(all))
			for i, f := range all {
				names[i] = top.Printable(f.Name)
			}
			slices.Sort(names)
			are = "there are " + strings.Join(names, ", ")
		default:
			are = fmt.Sprintf("`faas list` shows the %d that there are", len(all))
		}
	}
	return function.NotFoundf("there is no function %s; %s", name, are)
}
