package swarm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// Tune changes the scaling labels of a function and nothing else: the service's own labels, so that no task is touched.
// change gets the scaling labels that there are and changes them; it is called again when somebody else was quicker.
//
// While Swarm replaces replicas it waits, up to a time: Swarm takes a failed update back to the spec before the last
// change, which would be the failed one without the new labels. Errors: ErrNotFound, ErrInvalid for labels that would not be
// valid, ErrConflict when the update went on, and change's own.
func (b *Backend) Tune(ctx context.Context, name string, change func(labels map[string]string) error) error {
	patience := time.NewTimer(b.timing.patience)
	defer patience.Stop()
	for {
		err := b.rewrite(ctx, name, "", func(s *api.Service) error { return tune(s, change) })
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, errUpdating):
			return fmt.Errorf("tune %s: %w", name, err)
		}
		pause := time.NewTimer(b.timing.updating)
		select {
		case <-pause.C:
		case <-patience.C:
			return function.Conflictf("tune %s: Swarm has been replacing its replicas for a while, and would forget the change if it took "+
				"that back: try again when the update has ended (docker service inspect %s)", name, name)
		case <-ctx.Done():
			return fmt.Errorf("tune %s: %w", name, ctx.Err())
		}
	}
}

// errUpdating ends a rewrite that must not be made while Swarm replaces replicas.
var errUpdating = errors.New("its replicas are being replaced")

func tune(s *api.Service, change func(labels map[string]string) error) error {
	if updates(*s) {
		return errUpdating
	}
	before := decoded(s.Spec)
	after, err := before.Tuned(change)
	if err != nil {
		return err
	}
	if maps.Equal(before.Labels, after.Labels) {
		return errAsWanted
	}
	s.Spec.Labels = relabelled(s.Spec, before.Labels, after.Labels)
	return nil
}

// relabelled are the labels of a service whose user labels were before and are to be after. One that stands on the containers
// cannot go from there without a restart: the service has another value for it, or a mark that it is gone.
func relabelled(spec api.ServiceSpec, before, after map[string]string) map[string]string {
	labels := maps.Clone(spec.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	for key := range before {
		if _, still := after[key]; still {
			continue
		}
		delete(labels, key)
		if c := spec.TaskTemplate.ContainerSpec; c != nil {
			if _, there := c.Labels[key]; there {
				labels[labelGone+key] = "true"
			}
		}
	}
	for key, value := range after {
		if known, ok := before[key]; !ok || known != value {
			labels[key] = value
			delete(labels, labelGone+key)
		}
	}
	return labels
}
