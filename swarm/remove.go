package swarm

import (
	"context"
	"fmt"
	"slices"
	"time"

	api "github.com/docker/docker/api/types/swarm"
)

// Remove takes a function away; its replicas drain. Errors: ErrNotFound.
func (b *Backend) Remove(ctx context.Context, name string) error {
	if err := b.remove(ctx, name); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

func (b *Backend) remove(ctx context.Context, name string) error {
	if err := b.Available(); err != nil {
		return err
	}
	s, err := b.find(ctx, name)
	if err != nil {
		return err
	}
	b.awaitLeaving(ctx, s.ID)
	if err := b.services.removeService(ctx, s.ID); err != nil {
		return err
	}
	b.shown(ctx, func(st *state, now time.Time) { st.remove(now, s.ID) })
	return nil
}

// awaitLeaving waits, for a time, until the tasks that a lower count has taken away are gone. Docker Engine 20.10 ends with a
// nil pointer, and all containers of that manager with it, when it deletes such a task just while it removes the
// service (swarmkit's SetServiceTasksRemove takes a task for granted that it has read before). What cannot be known does not
// stop a removal.
func (b *Backend) awaitLeaving(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, b.timing.leaving)
	defer cancel()
	for {
		tasks, err := b.cluster.listTasks(ctx, look{services: []string{id}})
		leaves := func(t api.Task) bool { return t.DesiredState == api.TaskStateRemove }
		if err != nil || !slices.ContainsFunc(tasks, leaves) {
			return
		}
		pause := time.NewTimer(b.timing.updating)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
	}
}
