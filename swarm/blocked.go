package swarm

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	api "github.com/docker/docker/api/types/swarm"
)

// crashLoop is how many failures of one replica within timing.crashes make a crash loop.
const crashLoop = 4

// crash is a task that ended though it should have run.
type crash struct {
	slot, err string
	at        time.Time
}

// crashes are a service's latest, by task. They are kept here because Swarm forgets dead tasks.
type crashes map[string]crash

// add keeps t's crash. It reports whether that is a new one.
func (c crashes) add(t *task) bool {
	if _, known := c[t.api.ID]; known {
		return false
	}
	why := cmp.Or(t.api.Status.Err, t.api.Status.Message, string(t.api.Status.State))
	c[t.api.ID] = crash{slot: t.slot(), err: why, at: t.api.UpdatedAt}
	return true
}

// expire drops what happened before a moment.
func (c crashes) expire(before time.Time) {
	for id, one := range c {
		if one.at.Before(before) {
			delete(c, id)
		}
	}
}

// blocked says in Swarm's words why replicas cannot start. Empty: nothing stands in the way.
func (s *service) blocked(now time.Time, t timing) string {
	if why := s.unplaced(now, t); why != "" {
		return why
	}
	if why := s.crashLoops(now, t); why != "" {
		return why
	}
	return s.unreachable()
}

// unplaced tells of a task that finds no node.
func (s *service) unplaced(now time.Time, t timing) string {
	why := ""
	for _, one := range s.tasks {
		st := one.api.Status
		if !one.wanted() || st.Err == "" || (st.State != api.TaskStatePending && st.State != api.TaskStateNew) {
			continue
		}
		if now.Sub(one.api.CreatedAt) >= t.unplaced && (why == "" || st.Err < why) { // always the same of several
			why = st.Err
		}
	}
	return why
}

// crashLoops tells of the replica that fails most, unless what runs in its place has proven itself.
func (s *service) crashLoops(now time.Time, t timing) string {
	count := map[string]int{}
	last := map[string]crash{}
	for _, one := range s.crashes {
		count[one.slot]++
		if one.at.After(last[one.slot].at) {
			last[one.slot] = one
		}
	}
	for _, one := range s.tasks {
		if one.wanted() && one.ready && now.Sub(one.readyAt) >= t.proven {
			delete(count, one.slot())
		}
	}
	worst := ""
	for _, slot := range slices.Sorted(mapKeys(count)) {
		if count[slot] >= crashLoop && (worst == "" || count[slot] > count[worst]) {
			worst = slot
		}
	}
	if worst == "" {
		return ""
	}
	return fmt.Sprintf("replica %s ends again and again: %s", worst, last[worst].err)
}

// unreachable tells of a service made by hand that the gateway has no network with.
func (s *service) unreachable() string {
	for _, one := range s.tasks {
		if one.api.Status.State == api.TaskStateRunning && one.wanted() && one.addr == "" {
			return "its containers are not on the network of functions: docker service update --network-add NETWORK " + s.function.Name
		}
	}
	return ""
}
