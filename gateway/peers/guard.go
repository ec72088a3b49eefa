package peers

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"faas/internal/httperr"
)

// keepCallers is how long the addresses of those who may call are remembered.
const keepCallers = 2 * time.Second

// Guard lets in who has one of the addresses that Names resolve to, and this machine itself. It looks them up while it
// is Run.
type Guard struct {
	hosts []string
	names *Names
	log   *slog.Logger
	lost  atomic.Bool // the last look-up failed
}

// NewGuard makes a Guard for hosts, or returns nil, which lets everyone in, where there are none.
func NewGuard(lookup Lookup, log *slog.Logger, hosts ...string) (*Guard, error) {
	if len(hosts) == 0 {
		return nil, nil //nolint:nilnil // no guard is a guard that lets everyone in
	}
	if slices.Contains(hosts, "") {
		return nil, errors.New("a name of those who may read the metrics is empty")
	}
	return &Guard{hosts: hosts, names: NewNames(lookup, keepCallers, hosts...), log: log}, nil
}

// Run looks up what the handler asks for until ctx ends, and returns nil.
func (g *Guard) Run(ctx context.Context) error {
	g.names.Run(ctx)
	return nil
}

// Handler answers 403 in place of next to who may not call. Who stands behind a proxy has the proxy's address: no
// header is believed.
func (g *Guard) Handler(next http.Handler) http.Handler {
	if g == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			host = r.RemoteAddr
		}
		caller, err := netip.ParseAddr(host)
		if err == nil && g.admits(r, caller.Unmap().WithZone("")) {
			next.ServeHTTP(w, r)
			return
		}
		httperr.Refuse(w, http.StatusForbidden, "metrics are for "+strings.Join(g.hosts, ", ")+" only: "+host+
			" is no address of these names (--metrics-from)")
	})
}

func (g *Guard) admits(r *http.Request, caller netip.Addr) bool {
	if caller.IsLoopback() {
		return true
	}
	allowed, err := g.names.Addrs(r.Context())
	switch {
	case err != nil && !g.lost.Swap(true):
		g.log.Warn("those who may read the metrics cannot be looked up", "err", err)
	case err == nil && g.lost.Swap(false):
		g.log.Info("those who may read the metrics can be looked up again")
	}
	return slices.Contains(allowed, caller)
}
