package gateway

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"faas/function"
)

func TestSlotsAreShared(t *testing.T) {
	for _, c := range []struct{ slots, gateways, want int }{
		{0, 1, 0}, {0, 3, 0}, {4, 1, 4}, {4, 2, 2}, {5, 2, 2}, {10, 3, 3}, {2, 3, 1}, {1, 2, 1},
	} {
		routes := newTestTable(t, labelled("a"))
		routes.share(c.gateways)
		s := *routes.lookup("a").status.Load()
		s.Scaling.Slots = c.slots
		routes.apply(function.Snapshot{Version: 1, Functions: []function.Status{s}})
		if got := routes.lookup("a").load().Slots; got != c.want {
			t.Errorf("%d slots, %d gateways: %d lent, want %d", c.slots, c.gateways, got, c.want)
		}
		shown := ""
		if c.slots > 0 {
			shown = fmt.Sprintf("gateway_function_slots_shared{function_name=\"a\"} %s\n", appendValue(nil, float64(c.slots)/float64(c.want)))
		}
		if got := newExposition(routes, noDepth, []family{familySlotsShared}).append(nil, time.Now()); !strings.HasSuffix(string(got), shown) || shown == "" && len(got) > 0 {
			t.Errorf("%d slots, %d gateways: shown as %s, want %s", c.slots, c.gateways, got, shown)
		}
		routes.share(1)
		if got := routes.lookup("a").load().Slots; got != c.slots {
			t.Errorf("%d slots, alone again: %d lent", c.slots, got)
		}
	}
}

// A gateway that has others lends its part, and what that leaves without room asks for replicas.
func TestOthersGetTheirPart(t *testing.T) {
	finish := make(chan struct{})
	f := narrow(t, 1, finish)
	f.Env = map[string]string{"max_inflight": "4"}
	g := start(t, newFakeBackend(f), func(o *Options) {
		_, port, _ := net.SplitHostPort(o.Listener.Addr().String()) // an address that Go made
		o.Peers = "gateway:" + port
		o.Lookup = func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.0.2.7")}, nil
		}
	})
	waitFor(t, "the other to be known", func() bool {
		r := g.routes.lookup("narrow")
		return r != nil && r.balancer.Slots() == 2
	})
	wait := g.crowd(t, "narrow", 5)
	route := g.routes.lookup("narrow")
	waitFor(t, "three to be held", func() bool { return route.gate.Held() == 3 })
	if got := route.load().Wish(); got != 3 {
		t.Errorf("a wish of %d for 5 in flight, want 3", got)
	}
	g.routes.share(1)
	waitFor(t, "two more to find room", func() bool { return route.gate.Held() == 1 })
	close(finish)
	wait()
}

// A replica that has no room for what was sent to it, since another gateway was faster, gets it again.
func TestRefusedByAFullReplica(t *testing.T) {
	for _, c := range []struct {
		name, method, body, origin string
		slots                      bool
		want                       int
	}{
		{"nothing was read of it", "GET", "", "faas-middleware", true, http.StatusOK},
		{"without a body it does not matter what it asks for", "POST", "", "faas-middleware", true, http.StatusOK},
		{"its body is under way", "POST", "x", "faas-middleware", true, http.StatusTooManyRequests},
		{"the function says so", "GET", "", "", true, http.StatusTooManyRequests},
		{"nobody said that there are slots", "GET", "", "faas-middleware", false, http.StatusTooManyRequests},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			full := replica(t, func(w http.ResponseWriter, _ *http.Request) {
				if time.Since(began) < 200*time.Millisecond {
					w.Header().Set("X-OpenFaaS-Internal", c.origin)
					w.WriteHeader(http.StatusTooManyRequests)
				}
			})
			f := status("full", full)
			if c.slots {
				f.Env = map[string]string{"max_inflight": "4"}
			}
			g := start(t, newFakeBackend(f), nil)
			res, body := g.do(t, c.method, "/function/full", c.body)
			wantStatus(t, res, body, c.want)
			waitFor(t, "the replica to be given back", func() bool { return g.routes.lookup("full").load().Inflight == 0 })
		})
	}
}
