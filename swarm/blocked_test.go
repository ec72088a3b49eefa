package swarm

import (
	"fmt"
	"strings"
	"testing"
	"time"

	api "github.com/docker/docker/api/types/swarm"
)

// moment is when the tests of what is pure take place.
var moment = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func wantedTask(slot int, state api.TaskState, why string, age time.Duration) *task {
	t := &task{addr: "10.0.0.1"}
	t.api.ID = fmt.Sprint("t", slot, state)
	t.api.Slot = slot
	t.api.DesiredState = api.TaskStateRunning
	t.api.CreatedAt = moment.Add(-age)
	t.api.Status = api.TaskStatus{State: state, Err: why, Timestamp: moment.Add(-age)}
	return t
}

func TestBlocked(t *testing.T) {
	const noNode = "no suitable node (insufficient resources on 1 node)"
	loop := func(n int) crashes {
		c := crashes{}
		for i := range n {
			c[fmt.Sprint("old", i)] = crash{slot: "2", err: fmt.Sprintf("exit %d", i), at: moment.Add(time.Duration(i-n) * time.Second)}
		}
		return c
	}
	proven := wantedTask(2, api.TaskStateRunning, "", time.Minute)
	proven.ready, proven.readyAt = true, moment.Add(-11*time.Second)
	young := wantedTask(2, api.TaskStateRunning, "", time.Second)
	young.ready, young.readyAt = true, moment.Add(-time.Second)
	lost := wantedTask(1, api.TaskStateRunning, "", time.Minute)
	lost.addr = ""
	tests := []struct {
		name    string
		tasks   []*task
		crashes crashes
		want    string // a piece; empty: not blocked
	}{
		{name: "nothing"},
		{name: "just scheduled", tasks: []*task{wantedTask(1, api.TaskStatePending, noNode, 100*time.Millisecond)}},
		{name: "no node", tasks: []*task{wantedTask(1, api.TaskStatePending, noNode, 2*time.Second)}, want: noNode},
		{name: "starting", tasks: []*task{wantedTask(1, api.TaskStatePreparing, "", time.Minute)}},
		{name: "a few crashes", crashes: loop(crashLoop - 1)},
		{name: "crash loop", crashes: loop(crashLoop), want: "replica 2 ends again and again: exit 3"},
		{name: "crash loop, up for a second", tasks: []*task{young}, crashes: loop(crashLoop), want: "replica 2"},
		{name: "crash loop, over", tasks: []*task{proven}, crashes: loop(9)},
		{name: "no address", tasks: []*task{lost}, want: "not on the network of functions"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &service{tasks: map[string]*task{}, crashes: tt.crashes}
			for _, one := range tt.tasks {
				s.tasks[one.api.ID] = one
			}
			got := s.blocked(moment, defaultTiming())
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("blocked %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCrashesExpire(t *testing.T) {
	c := crashes{"a": {at: moment.Add(-time.Minute)}, "b": {at: moment}}
	c.expire(moment.Add(-time.Second))
	if len(c) != 1 || c["b"].at != moment {
		t.Errorf("left: %v", c)
	}
}

func TestPace(t *testing.T) {
	tm := defaultTiming()
	replicas := uint64(1)
	s := &service{tasks: map[string]*task{"t": wantedTask(1, api.TaskStateStarting, "", 0)}}
	s.api.Spec.Mode.Replicated = &api.ReplicatedService{Replicas: &replicas}
	now := moment
	s.pace.hurry(now, tm)
	if !s.pace.due(now) {
		t.Fatal("not due at once after a change")
	}
	looks := 0
	for s.pace.due(now) || !s.pace.next.IsZero() {
		if looks++; looks > 1000 {
			t.Fatal("a service that is stuck is looked at for ever")
		}
		now = s.pace.next
		s.pace.looked(now, tm, false, s)
	}
	if took := now.Sub(moment); took < time.Second || took > 10*time.Second {
		t.Errorf("looked at often for %s", took)
	}
	s.pace.looked(now, tm, true, s)
	if s.pace.next.Sub(now) != tm.fast {
		t.Errorf("after a move the next look is in %s", s.pace.next.Sub(now))
	}
	for _, one := range s.tasks {
		one.ready = true
	}
	s.pace.looked(now, tm, true, s)
	if !s.pace.next.IsZero() {
		t.Error("a service that is as wanted is still looked at on its own")
	}
	s.api.UpdateStatus = &api.UpdateStatus{State: api.UpdateStateUpdating}
	for range 100 {
		s.pace.looked(now, tm, false, s)
	}
	if s.pace.wait != tm.updating {
		t.Errorf("while it is updated it is looked at every %s", s.pace.wait)
	}
}

func TestRevival(t *testing.T) {
	tm := defaultTiming()
	var r revival
	asked := []time.Duration{}
	givenUp := true
	for at := time.Duration(0); at < 20*time.Minute; at += time.Second {
		if r.consider(moment.Add(at), tm, givenUp, true) {
			asked = append(asked, at)
			givenUp = false // Swarm tries again …
		} else if len(asked) > 0 && at == asked[len(asked)-1]+10*time.Second {
			givenUp = true // … in vain
		}
	}
	if len(asked) < 4 || asked[0] != tm.reviveMin {
		t.Fatalf("asked at %v", asked)
	}
	for i := 2; i < len(asked); i++ {
		if before, after := asked[i-1]-asked[i-2], asked[i]-asked[i-1]; after < before {
			t.Errorf("pauses shrink: %v", asked)
		}
	}
	if last := asked[len(asked)-1] - asked[len(asked)-2]; last > tm.reviveMax+20*time.Second {
		t.Errorf("the last pause was %s", last)
	}
}
