package swarmtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/docker/docker/api/types/network"
	api "github.com/docker/docker/api/types/swarm"
)

// overlay is a network of the Swarm.
type overlay struct {
	network.Summary
	meta    api.Meta
	subnet  netip.Prefix
	gateway netip.Addr
	last    netip.Addr
}

func (e *Engine) addNetwork(i int, o Network) error {
	subnet, err := netip.ParsePrefix(cmp.Or(o.Subnet, fmt.Sprintf("10.%d.0.0/16", i+1)))
	if err != nil {
		return fmt.Errorf("swarmtest: network %s: %w", o.Name, err)
	}
	n := &overlay{subnet: subnet.Masked(), gateway: subnet.Masked().Addr().Next()}
	n.last = n.gateway
	labels := o.Labels
	if labels == nil {
		labels = map[string]string{}
	}
	n.Summary = network.Summary{
		Name: o.Name, ID: e.newID("network"), Created: time.Now().UTC(), Scope: "swarm", Driver: "overlay", Attachable: true,
		IPAM: network.IPAM{Driver: "default", Config: []network.IPAMConfig{{
			Subnet: n.subnet.String(), Gateway: n.gateway.String(),
		}}},
		Options: map[string]string{"com.docker.network.driver.overlay.vxlanid_list": fmt.Sprint(4097 + i)},
		Labels:  labels,
	}
	e.meta(&n.meta)
	e.networks = append(e.networks, n)
	return nil
}

// next is the next address that nobody has.
func (n *overlay) next(taken map[netip.Addr]*task) netip.Addr {
	for {
		n.last = n.last.Next()
		if !n.subnet.Contains(n.last.Next()) {
			n.last = n.gateway.Next() // the last one is for broadcasts
		}
		if taken[n.last] == nil {
			return n.last
		}
	}
}

func (n *overlay) attachment(addr netip.Addr) api.NetworkAttachment {
	return api.NetworkAttachment{
		Network: api.Network{
			ID: n.ID, Meta: n.meta,
			Spec: api.NetworkSpec{
				Annotations:         api.Annotations{Name: n.Name, Labels: n.Labels},
				DriverConfiguration: &api.Driver{Name: "overlay"}, Attachable: true,
				IPAMOptions: &api.IPAMOptions{Driver: api.Driver{Name: "default"}}, Scope: "swarm",
			},
			DriverState: api.Driver{Name: "overlay", Options: n.Options},
			IPAMOptions: &api.IPAMOptions{
				Driver:  api.Driver{Name: "default"},
				Configs: []api.IPAMConfig{{Subnet: n.subnet.String(), Gateway: n.gateway.String()}},
			},
		},
		Addresses: []string{netip.PrefixFrom(addr, n.subnet.Bits()).String()},
	}
}

func (e *Engine) findNetwork(name string) (*overlay, error) {
	for _, n := range e.networks {
		if n.ID == name || n.Name == name {
			return n, nil
		}
	}
	return nil, notFound("network", name)
}

func (e *Engine) listNetworks(r *http.Request) (reply, error) {
	args, err := readFilters(r, "dangling", "driver", "id", "label", "name", "scope", "type")
	if err != nil {
		return reply{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	list := []json.RawMessage{}
	for _, n := range e.networks {
		if match(args.Match, args.Contains("name"), "name", n.Name) && match(args.Match, args.Contains("id"), "id", n.ID) &&
			args.MatchKVList("label", n.Labels) && args.ExactMatch("driver", n.Driver) && args.ExactMatch("scope", n.Scope) {
			list = append(list, encode(n.Summary))
		}
	}
	return reply{body: list}, nil
}

// match is how a node, other than a manager, matches names: a part is enough.
func match(matches func(string, string) bool, asked bool, key, value string) bool {
	return !asked || matches(key, value)
}

func (e *Engine) inspectNetwork(r *http.Request) (reply, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, err := e.findNetwork(r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	return reply{body: encode(n.Summary)}, nil
}
