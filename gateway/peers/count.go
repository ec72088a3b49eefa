package peers

import (
	"context"
	"slices"
	"time"
)

// watchCount tells onCount how many gateways there are until ctx ends.
func (r *Relay) watchCount(ctx context.Context) {
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	told := 0
	for {
		if n := r.count(ctx); n != 0 && n != told {
			told = n
			r.onCount(n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// count is how many gateways there are, this one included; 0: it is not known. One that DNS gives two addresses, of IPv4
// and of IPv6, is one.
func (r *Relay) count(ctx context.Context) int {
	all, err := r.names.Addrs(ctx)
	if err != nil && len(all) == 0 {
		return 0
	}
	own, err := r.own()
	if err != nil {
		return 0
	}
	v4, v6 := 0, 0
	for _, addr := range all {
		switch {
		case slices.Contains(own, addr):
		case addr.Is4():
			v4++
		default:
			v6++
		}
	}
	return 1 + max(v4, v6)
}
