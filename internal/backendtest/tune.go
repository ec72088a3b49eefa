package backendtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"faas/function"
)

// Tuner changes how functions scale.
type Tuner interface {
	Tune(ctx context.Context, name string, change func(labels map[string]string) error) error
}

// tuneTests hold a backend to how scaling labels are changed.
func tuneTests() []test {
	return []test{
		{"a tuned function is the same otherwise", tuned},
		{"a tuned function drops no call", tunedAtWork},
		{"tunings that are refused", tuneRefused},
		{"concurrent tunings are all made", tunedAtOnce},
		{"an update says all labels anew", updateAfterTune},
		{"a roll-back keeps what was tuned", tunedRolledBack},
	}
}

const (
	labelMax    = function.ScalingLabelPrefix + "max"
	labelTarget = function.ScalingLabelPrefix + "target"
	labelFactor = function.ScalingLabelPrefix + "factor"
)

// set is a change that sets a label; an empty value takes it away.
func set(key, value string) func(map[string]string) error {
	return func(labels map[string]string) error {
		if labels[key] = value; value == "" {
			delete(labels, key)
		}
		return nil
	}
}

func (s *suite) tune(name string, change func(map[string]string) error) {
	s.Helper()
	s.must("Tune", s.Backend.Tune(s.ctx(), name, change))
}

func tuned(s *suite) {
	f := withLabel(withLabel(withEnv(s.function("tuned"), "k", "v"), "team", "a"), labelMax, "7")
	s.deploy(f)
	s.scale(f.Name, 2)
	before := s.awaitReady(f.Name, 2)
	var seen map[string]string
	s.tune(f.Name, func(labels map[string]string) error {
		seen = maps.Clone(labels)
		labels[labelTarget], labels[labelMax] = "100", "30"
		return nil
	})
	if diff := cmp.Diff(map[string]string{labelMax: "7"}, seen); diff != "" {
		s.Errorf("the change saw other labels than those of scaling (-want +got):\n%s", diff)
	}
	check := func(where string, labels map[string]string, maximum int, target float64) {
		s.Helper()
		want := before.Clone()
		want.Labels = labels
		st := s.status(f.Name)
		if diff := cmp.Diff(want, st.Function, cmpopts.EquateEmpty()); diff != "" {
			s.Errorf("%s (-want +got):\n%s", where, diff)
		}
		if got, _ := st.Scaling.Target(function.ScalingRPS); st.Scaling.Max != maximum || got != target || st.Desired != 2 {
			s.Errorf("%s: maximum %d, target %g, desired %d", where, st.Scaling.Max, got, st.Desired)
		}
	}
	check("right after Tune", map[string]string{"team": "a", labelMax: "30", labelTarget: "100"}, 30, 100)
	s.tune(f.Name, set(labelMax, ""))
	s.tune(f.Name, set(labelMax, "")) // as it is already
	check("after a label was taken away", map[string]string{"team": "a", labelTarget: "100"}, 20, 100)
	s.scale(f.Name, 3) // whose replica comes after any that Tune might have started
	after := s.awaitReady(f.Name, 3)
	for _, id := range ids(before) {
		if !slices.Contains(ids(after), id) {
			s.Errorf("it replaced a replica: before %s, after %s", show(before), show(after))
		}
	}
	if !after.CreatedAt.Equal(before.CreatedAt) {
		s.Errorf("it was created at %s, now at %s", before.CreatedAt, after.CreatedAt)
	}
}

// tunedAtWork tunes a function again and again while its replicas have calls.
func tunedAtWork(s *suite) {
	f := s.function("tuned-at-work")
	s.deploy(f)
	s.scale(f.Name, 2)
	before := s.awaitReady(f.Name, 2)
	stop, failed := make(chan struct{}), make(chan error, len(before.Replicas))
	var callers sync.WaitGroup
	for _, r := range before.Replicas {
		callers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				body := strconv.Itoa(i)
				if got, err := s.Call(s.ctx(), r, body); err != nil || got != body {
					failed <- fmt.Errorf("call %d of %s: %q, %w", i, r.ID, got, err)
					return
				}
			}
		})
	}
	for n := 10; n < 20; n++ {
		s.tune(f.Name, set(labelMax, strconv.Itoa(n)))
	}
	close(stop)
	callers.Wait()
	close(failed)
	for err := range failed {
		s.Error(err)
	}
	if after := s.awaitReady(f.Name, 2); !cmp.Equal(ids(before), ids(after)) || after.Scaling.Max != 19 {
		s.Errorf("before %s; after %s, maximum %d", show(before), show(after), after.Scaling.Max)
	}
}

func tuneRefused(s *suite) {
	never := func(map[string]string) error { return errors.New("a change of nobody") }
	s.want("Tune of an unknown function", s.Backend.Tune(s.ctx(), s.name("nobody"), never), function.ErrNotFound)
	f := withEnv(withLabel(s.function("tune-kept"), labelMax, "7"), "max_inflight", "4")
	s.deploy(f)
	s.awaitReady(f.Name, 1)
	for what, change := range map[string]func(map[string]string) error{
		"a maximum that is no number":        set(labelMax, "many"),
		"a minimum above the maximum":        set(labelMin, "8"),
		"a label that is not of scaling":     set("team", "a"),
		"an unknown one":                     set(function.ScalingLabelPrefix+"speed", "1"),
		"more slots than its watchdog takes": set(function.ScalingLabelPrefix+"slots", "5"),
	} {
		s.want("Tune to "+what, s.Backend.Tune(s.ctx(), f.Name, change), function.ErrInvalid)
	}
	err := s.Backend.Tune(s.ctx(), f.Name, func(labels map[string]string) error {
		labels[labelMax] = "9"
		return function.Conflictf("not like this")
	})
	s.want("Tune whose change fails", err, function.ErrConflict)
	if st := s.status(f.Name); !cmp.Equal(st.Labels, f.Labels, cmpopts.EquateEmpty()) || st.Scaling.Max != 7 {
		s.Errorf("it changed something: labels %v, maximum %d", st.Labels, st.Scaling.Max)
	}
}

func tunedAtOnce(s *suite) {
	f := withLabel(s.function("tuned-by-many"), labelFactor, "1")
	s.deploy(f)
	s.awaitReady(f.Name, 1)
	const many = 8
	var all sync.WaitGroup
	for range many {
		all.Go(func() {
			if err := s.Backend.Tune(s.ctx(), f.Name, func(labels map[string]string) error {
				n, err := strconv.Atoi(labels[labelFactor])
				labels[labelFactor] = strconv.Itoa(n + 1)
				return err
			}); err != nil {
				s.Errorf("Tune: %v", err)
			}
		})
		all.Go(func() {
			if err := s.Backend.Scale(s.ctx(), f.Name, 1); err != nil {
				s.Errorf("Scale: %v", err)
			}
		})
	}
	all.Wait()
	if got := s.status(f.Name).Scaling.Factor; got != 1+many {
		s.Errorf("after %d tunings the factor is %d, want %d", many, got, 1+many)
	}
}

func updateAfterTune(s *suite) {
	f := withLabel(s.function("tuned-updated"), labelMax, "7")
	s.deploy(f)
	before := s.awaitReady(f.Name, 1)
	s.tune(f.Name, set(labelMax, "30"))
	s.tune(f.Name, set(labelTarget, "100"))
	s.update(withLabel(f, labelMax, "8"))
	if st := s.status(f.Name); !cmp.Equal(st.Labels, map[string]string{labelMax: "8"}) {
		s.Errorf("after an Update the labels are %v, want those of the update", st.Labels)
	}
	s.tune(f.Name, set(labelMax, "9"))
	if after := s.awaitReady(f.Name, 1); !cmp.Equal(ids(before), ids(after)) {
		s.Errorf("labels replaced the replica: before %s, after %s", show(before), show(after))
	}
}

// tunedRolledBack tunes around an update that fails: an orchestrator that goes back to the definition before, goes back to
// all of it.
func tunedRolledBack(s *suite) {
	f := s.function("tuned-back")
	s.deploy(f)
	before := s.awaitReady(f.Name, 1)
	s.tune(f.Name, set(labelMax, "30"))
	s.update(withLabel(s.Broken(f.Name), labelMax, "31"))
	var st function.Status
	s.await(s.BlockedWithin, f.Name, "blocked, or as before the update", func(now function.Status) bool {
		st = now
		return now.Blocked != "" || now.Image == before.Image && now.Process == before.Process && len(now.Env) == len(before.Env)
	})
	want := 31
	if st.Blocked == "" {
		want = 30
	}
	if st.Scaling.Max != want {
		s.Errorf("blocked %q: maximum %d, want %d", st.Blocked, st.Scaling.Max, want)
	}
	switch err := s.Backend.Tune(s.ctx(), f.Name, set(labelMax, "32")); {
	case errors.Is(err, function.ErrConflict): // it may say that this is no time for it, and must not forget it
	case err != nil:
		s.Errorf("Tune: %v", err)
	default:
		if got := s.status(f.Name).Scaling.Max; got != 32 {
			s.Errorf("maximum %d after Tune to 32", got)
		}
	}
}
