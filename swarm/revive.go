package swarm

import (
	"context"
	"errors"
	"time"

	api "github.com/docker/docker/api/types/swarm"
)

// revival knows when to have Swarm look at a service again that has other tasks than are wanted and does nothing about
// it. After maxRestarts failures in restartWindow Swarm leaves a slot empty until the service is updated; and engines of
// 20.10 were seen to lose a scale that came right after others.
type revival struct {
	wait  time.Duration
	next  time.Time
	since time.Time // when the service was first seen to be astray; zero: it is not
}

// consider reports whether it is time to ask, given whether the service is astray, and that by crashes.
func (r *revival) consider(now time.Time, t timing, astray, crashed bool) bool {
	first := t.astray
	if crashed {
		first = t.reviveMin
	}
	switch {
	case !astray:
		r.since = time.Time{}
		if r.wait > 0 && now.Sub(r.next) > 2*r.wait { // it has run for a good while
			*r = revival{}
		}
		return false
	case r.since.IsZero():
		r.since = now
		r.wait = max(first, min(2*r.wait, t.reviveMax))
		r.next = now.Add(r.wait)
		return false
	case now.Before(r.next):
		return false
	}
	r.next = now.Add(r.wait)
	return true
}

// astray reports whether there are more or fewer tasks that shall run than are wanted.
func (s *service) astray() bool {
	if s.api.Spec.Mode.Replicated == nil || s.updating() {
		return false
	}
	if p := s.api.Spec.TaskTemplate.RestartPolicy; p != nil && p.Condition != "" && p.Condition != api.RestartPolicyConditionAny {
		return false // whoever made it wants it so
	}
	wanted := 0
	for _, t := range s.tasks {
		if t.wanted() {
			wanted++
		}
	}
	return wanted != s.desired()
}

// revive has Swarm look at the service again by changing a label of it, which restarts nothing that runs. When
// several gateways do so at once, all but one find the service changed and leave it.
func (b *Backend) revive(ctx context.Context, id string) {
	s, err := b.services.inspectService(ctx, id)
	if err != nil {
		return // the next time
	}
	now := time.Now()
	if last, err := time.Parse(time.RFC3339, s.Spec.Labels[labelRevived]); err == nil && now.Sub(last).Abs() < b.timing.astray/2 {
		return
	}
	labels := map[string]string{labelRevived: now.UTC().Format(time.RFC3339)}
	for key, value := range s.Spec.Labels {
		if key != labelRevived {
			labels[key] = value
		}
	}
	s.Spec.Labels = labels
	keepRollback(&s)
	err = b.services.updateService(ctx, s, "")
	if errors.Is(err, errStale) {
		return // another gateway was quicker, or its owner
	}
	if err != nil {
		b.opts.Log.Warn("service cannot be revived", "function", s.Spec.Name, "err", err)
		return
	}
	b.opts.Log.Info("service revived", "function", s.Spec.Name, "reason", "Swarm runs another number of replicas than it was told to")
	b.accepted(ctx, s)
}
