package peers

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestGatewaysAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{}
		counts := make(chan int, 1)
		r, err := NewRelay(RelayOptions{
			Address: "gateway:8080", Lookup: n.lookup,
			Own:     func() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil },
			OnCount: func(gateways int) { counts <- gateways },
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		n.set(errors.New("no answer"))
		go func() { ended <- r.Run(ctx) }()
		for _, c := range []struct {
			name  string
			err   error
			addrs []string
			want  int // 0: nothing is told
		}{
			{"nobody knows", errors.New("no answer"), nil, 0},
			{"this one is not known yet", nil, nil, 1},
			{"this one", nil, []string{"10.0.0.1"}, 0},
			{"another", nil, []string{"10.0.0.1", "10.0.0.2"}, 2},
			{"two others, and this one is not known", nil, []string{"10.0.0.2", "10.0.0.3"}, 3},
			{"DNS is away", errors.New("no answer"), nil, 0},
			{"two others with two addresses each", nil, []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::2", "fd00::3"}, 0},
			{"alone again", nil, []string{"10.0.0.1"}, 1},
		} {
			var addrs []netip.Addr
			for _, a := range c.addrs {
				addrs = append(addrs, netip.MustParseAddr(a))
			}
			n.set(c.err, addrs...)
			time.Sleep(3 * countEvery)
			synctest.Wait()
			got := 0
			select {
			case got = <-counts:
			default:
			}
			if got != c.want {
				t.Errorf("%s: told %d, want %d", c.name, got, c.want)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
