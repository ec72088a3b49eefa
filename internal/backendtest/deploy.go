package backendtest

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"faas/function"
)

const labelMin = "com.openfaas.scale.min"

func deployed(s *suite) {
	begin := time.Now()
	f := withLabel(s.function("pair"), labelMin, "2")
	s.deploy(f)
	if st := s.status(f.Name); st.Desired != 2 || st.Scaling.Min != 2 {
		s.Errorf("right after Deploy: desired %d, minimum %d, want 2", st.Desired, st.Scaling.Min)
	}
	snap, err := s.Backend.Functions(s.ctx())
	s.must("Functions", err)
	if _, ok := find(snap, f.Name); !ok {
		s.Error("right after Deploy the function is not listed")
	}
	st := s.awaitReady(f.Name, 2)
	if st.Blocked != "" {
		s.Errorf("it is blocked: %s", st.Blocked)
	}
	if st.CreatedAt.Before(begin.Add(-time.Minute)) || st.CreatedAt.After(time.Now().Add(time.Minute)) {
		s.Errorf("it was created at %s, want about now", st.CreatedAt)
	}
	seen := map[string]bool{}
	for _, r := range st.Replicas {
		if _, _, err := net.SplitHostPort(r.Addr); err != nil || seen[r.Addr] || seen[r.ID] {
			s.Errorf("replica %+v: want an ID and a host:port that no other has", r)
		}
		seen[r.Addr], seen[r.ID] = true, true
		if r.ID == "" || r.Node == "" || r.StartedAt.Before(begin.Add(-time.Minute)) {
			s.Errorf("replica %+v lacks something", r)
		}
	}
}

func deployedTwice(s *suite) {
	f := s.function("twice")
	s.deploy(f)
	before := s.awaitReady(f.Name, 1)
	s.want("the second Deploy", s.Backend.Deploy(s.ctx(), withEnv(f, "SECOND", "1")), function.ErrConflict)
	if after := s.status(f.Name); len(after.Env) != len(before.Env) || !cmp.Equal(ids(before), ids(after)) {
		s.Errorf("it changed something: before %s, after %s", show(before), show(after))
	}
}

func invalid(s *suite) {
	good := s.function("invalid")
	tests := []struct {
		name   string
		change func(*function.Function)
	}{
		{"no name", func(f *function.Function) { f.Name = "" }},
		{"a name with a blank", func(f *function.Function) { f.Name = s.name("in valid") }},
		{"a minimum that is no number", func(f *function.Function) { *f = withLabel(*f, labelMin, "two") }},
		{"a minimum above the maximum", func(f *function.Function) {
			*f = withLabel(withLabel(*f, labelMin, "3"), "com.openfaas.scale.max", "2")
		}},
		{"memory without a number", func(f *function.Function) { f.Limits = &function.Resources{Memory: "much"} }},
		{"CPU without a number", func(f *function.Function) { f.Requests = &function.Resources{CPU: "all"} }},
		{"a variable with = in its name", func(f *function.Function) { *f = withEnv(*f, "A=B", "c") }},
		{"a secret that nobody has", func(f *function.Function) { f.Secrets = []string{s.name("no-such-secret")} }},
	}
	for _, tt := range tests {
		f := good.Clone()
		tt.change(&f)
		s.want("Deploy of "+tt.name, s.Backend.Deploy(s.ctx(), f), function.ErrInvalid)
		if _, err := s.Backend.Function(s.ctx(), f.Name); function.Kind(err) != function.ErrNotFound { //nolint:errorlint // Kind gives it bare
			s.Errorf("after Deploy of %s: Function gives %v, want not found", tt.name, err)
		}
	}
	s.deploy(good)
	s.awaitReady(good.Name, 1)
}

func described(s *suite) {
	f := withEnv(s.function("described"), "greeting", "hello = you")
	f = withLabel(withLabel(f, "team", "a"), "com.openfaas.scale.max", "7")
	f.Annotations = map[string]string{"topic": "billing, daily", "com.example/owner": "me"}
	f.Limits = &function.Resources{Memory: "128Mi", CPU: "500m"}
	f.Requests = &function.Resources{Memory: "20M", CPU: "10m"}
	f.Constraints = s.Constraints
	f.ReadOnlyRootFilesystem = true
	s.deploy(f)
	st := s.awaitReady(f.Name, 1)
	check := func(where string, st function.Status) {
		s.Helper()
		if diff := cmp.Diff(f, st.Function, cmpopts.EquateEmpty()); diff != "" {
			s.Errorf("%s (-deployed +described):\n%s", where, diff)
		}
		if st.Scaling.Max != 7 || st.Scaling.Min != 1 {
			s.Errorf("%s: scaling %+v", where, st.Scaling)
		}
	}
	check("watch", st)
	check("Function", s.status(f.Name))
	snap, err := s.Backend.Functions(s.ctx())
	s.must("Functions", err)
	listed, _ := find(snap, f.Name)
	check("Functions", listed)

	f.Limits, f.Requests, f.Annotations, f.ReadOnlyRootFilesystem = nil, nil, nil, false
	f.Labels = map[string]string{"com.openfaas.scale.max": "7", "team": "b"}
	s.update(f)
	check("after an update that takes things away", s.status(f.Name))
}

func cloned(s *suite) {
	f := withLabel(withEnv(s.function("cloned"), "k", "v"), "k", "v")
	s.deploy(f)
	f.Env["k"], f.Labels["k"] = "other", "other"
	if st := s.awaitReady(f.Name, 1); st.Env["k"] != "v" || st.Labels["k"] != "v" {
		s.Errorf("the function changed with its caller's maps: %v, %v", st.Env, st.Labels)
	}
}

// manyFunctions is how many are deployed at once.
const manyFunctions = 20

func many(s *suite) {
	var all sync.WaitGroup
	for i := range manyFunctions {
		all.Go(func() {
			f := s.function(fmt.Sprintf("many-%d", i))
			if err := s.Backend.Deploy(s.ctx(), f); err != nil {
				s.Errorf("Deploy %s: %v", f.Name, err)
			}
		})
	}
	all.Wait()
	for i := range manyFunctions {
		s.awaitReady(s.name(fmt.Sprintf("many-%d", i)), 1)
	}
	for i := range manyFunctions {
		all.Go(func() {
			if err := s.Backend.Remove(s.ctx(), s.name(fmt.Sprintf("many-%d", i))); err != nil {
				s.Errorf("Remove: %v", err)
			}
		})
	}
	all.Wait()
	snap, err := s.Backend.Functions(s.ctx())
	s.must("Functions", err)
	for i := range manyFunctions {
		if st, ok := find(snap, s.name(fmt.Sprintf("many-%d", i))); ok {
			s.Errorf("after Remove there is %s", st.Name)
		}
	}
}
