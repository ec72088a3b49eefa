package swarm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// resolved is what a function names and Swarm must be told by ID.
type resolved struct {
	image    string // as it is pinned
	networks []api.NetworkAttachmentConfig
	secrets  []*api.SecretReference
}

// secretMode lets a function read its secrets whatever user it runs as.
const secretMode = 0o444

// secretFolders are where a function finds its secrets: OpenFaaS's place and Docker's.
func secretFolders() []string { return []string{"/var/openfaas/secrets/", "/run/secrets/"} }

// classicNetwork is what old clients name where the user said nothing.
const classicNetwork = "func_functions"

// resolve finds all that f names, or says all that cannot be found. before is the service that f replaces, if any.
func (b *Backend) resolve(ctx context.Context, f function.Function, before *api.Service) (resolved, error) {
	var r resolved
	var errs [3]error
	r.networks, errs[0] = b.networksOf(ctx, f)
	r.secrets, errs[1] = b.secretsOf(ctx, f.Secrets)
	r.image, errs[2] = b.pin(ctx, f, before)
	return r, errors.Join(errs[:]...)
}

// functionNetwork finds the network that gateway and functions share.
func functionNetwork(ctx context.Context, c cluster, name string) (network.Summary, error) {
	args := filters.NewArgs(filters.Arg("scope", "swarm"))
	if name == "" {
		args.Add("label", labelNetwork+"=true")
	}
	found, err := c.listNetworks(ctx, args)
	if err != nil {
		return network.Summary{}, fmt.Errorf("find the network of functions: %w", err)
	}
	if name != "" {
		found = slices.DeleteFunc(found, func(n network.Summary) bool { return n.Name != name && n.ID != name })
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return network.Summary{}, function.Unavailablef("%d networks are labelled %s=true (%s): say which one is meant with --network",
			len(found), labelNetwork, strings.Join(names(found), ", "))
	case name != "":
		return network.Summary{}, function.Unavailablef("there is no overlay network %q: deploy the stack, or "+
			"docker network create -d overlay --attachable --label %s=true %s", name, labelNetwork, name)
	}
	return network.Summary{}, function.Unavailablef("no network is labelled %s=true: deploy the stack, or "+
		"docker network create -d overlay --attachable --label %s=true %s", labelNetwork, labelNetwork, classicNetwork)
}

func names(networks []network.Summary) []string {
	var list []string
	for _, n := range networks {
		list = append(list, n.Name)
	}
	slices.Sort(list)
	return list
}

// networksOf is the network of functions and, where f names another one that is for functions, that one too. Others
// are refused, or a function could join the control plane.
func (b *Backend) networksOf(ctx context.Context, f function.Function) ([]api.NetworkAttachmentConfig, error) {
	ours := b.network.Load()
	list := []api.NetworkAttachmentConfig{{Target: ours.ID}}
	if f.Network == "" || f.Network == ours.Name || f.Network == ours.ID {
		return list, nil
	}
	found, err := b.cluster.listNetworks(ctx, filters.NewArgs(filters.Arg("scope", "swarm")))
	if err != nil {
		return nil, fmt.Errorf("find network %s: %w", f.Network, err)
	}
	for _, n := range found {
		if n.Name != f.Network && n.ID != f.Network {
			continue
		}
		if n.Labels[labelNetwork] != "true" {
			return nil, function.Invalidf("network %q is not for functions: only one with the label %s=true is", f.Network, labelNetwork)
		}
		return append(list, api.NetworkAttachmentConfig{Target: n.ID}), nil
	}
	if f.Network == classicNetwork {
		return list, nil
	}
	return nil, function.Invalidf("network %q does not exist: leave it out, or create it with docker network create -d overlay", f.Network)
}

func (b *Backend) secretsOf(ctx context.Context, wanted []string) ([]*api.SecretReference, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	for _, name := range wanted {
		if b.reserved(name) {
			return nil, function.Invalidf("secret %s is the gateway's own: no function gets it", name)
		}
	}
	shelf, err := b.secretShelf(ctx)
	if err != nil {
		return nil, err
	}
	var refs []*api.SecretReference
	var missing []string
	for _, name := range wanted {
		secret, ok := shelf.find(name)
		if !ok {
			missing = append(missing, name)
			continue
		}
		for _, folder := range secretFolders() {
			refs = append(refs, &api.SecretReference{
				SecretID: secret.ID, SecretName: secret.Spec.Name,
				File: &api.SecretReferenceFileTarget{Name: folder + name, UID: "0", GID: "0", Mode: secretMode},
			})
		}
	}
	if len(missing) > 0 {
		return nil, function.Invalidf("unknown secrets: %s; create them first, as in: faas-cli secret create %s --from-file FILE",
			strings.Join(missing, ", "), missing[0])
	}
	return refs, nil
}
