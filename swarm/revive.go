package swarm

import (
	"context"
	"errors"
	"time"
)

// revival knows when to ask Swarm again for replicas that it has given up: after maxRestarts failures in restartWindow it
// leaves a slot empty until the service is updated.
type revival struct {
	wait  time.Duration
	next  time.Time
	since time.Time // when the slots were first seen to be given up; zero: none is
}

// consider reports whether it is time to ask, given that slots are given up or not.
func (r *revival) consider(now time.Time, t timing, givenUp bool) bool {
	switch {
	case !givenUp:
		if !r.since.IsZero() {
			r.since = time.Time{}
		}
		if r.wait > 0 && now.Sub(r.next) > 2*r.wait { // it has run for a good while
			*r = revival{}
		}
		return false
	case r.since.IsZero():
		r.since = now
		r.wait = max(t.reviveMin, min(2*r.wait, t.reviveMax))
		r.next = now.Add(r.wait)
		return false
	case now.Before(r.next):
		return false
	}
	r.next = now.Add(r.wait)
	return true
}

// givenUp reports whether Swarm has stopped to restart some of the wanted replicas.
func (s *service) givenUp() bool {
	if s.api.Spec.Mode.Replicated == nil || s.updating() || len(s.crashes) == 0 {
		return false
	}
	wanted := 0
	for _, t := range s.tasks {
		if t.wanted() {
			wanted++
		}
	}
	return wanted < s.desired()
}

// revive has Swarm look at the service again by changing a label of it, which restarts nothing that runs. When
// several gateways do so at once, all but one find the service changed and leave it.
func (b *Backend) revive(ctx context.Context, id string) {
	s, err := b.services.inspectService(ctx, id)
	if err != nil {
		return // the next time
	}
	now := time.Now()
	if last, err := time.Parse(time.RFC3339, s.Spec.Labels[labelRevived]); err == nil && now.Sub(last) < b.timing.reviveMin/2 {
		return
	}
	labels := map[string]string{labelRevived: now.UTC().Format(time.RFC3339)}
	for key, value := range s.Spec.Labels {
		if key != labelRevived {
			labels[key] = value
		}
	}
	s.Spec.Labels = labels
	err = b.services.updateService(ctx, s, "")
	if err != nil && !errors.Is(err, errStale) {
		b.opts.Log.Warn("service cannot be revived", "function", s.Spec.Name, "err", err)
		return
	}
	b.opts.Log.Info("service revived", "function", s.Spec.Name, "reason", "Swarm gave up restarting a replica")
	b.changed(ctx, s.ID)
}
