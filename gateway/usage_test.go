package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

// used makes the metrics of a replica.
func used(prefix string, cpu, memory float64) string {
	names := map[string][2]string{
		"faas": {"faas_function_cpu_seconds_total", "faas_function_memory_bytes"},
		"old":  {"process_cpu_seconds_total", "process_resident_memory_bytes"},
	}[prefix]
	return fmt.Sprintf("# TYPE %s counter\n%s %g\n# TYPE %s gauge\n%s %g\n", names[0], names[0], cpu, names[1], names[1], memory)
}

func TestReadUsage(t *testing.T) {
	for name, c := range map[string]struct {
		text        string
		cpu, memory float64
		ok          bool
	}{
		"ours":                        {used("faas", 1.5, 1024), 1.5, 1024, true},
		"any Prometheus client's":     {used("old", 2.5, 2048), 2.5, 2048, true},
		"ours comes first":            {used("old", 2.5, 2048) + used("faas", 1.5, 1024), 1.5, 1024, true},
		"without a type":              {"process_cpu_seconds_total 3\nprocess_resident_memory_bytes 4\n", 3, 4, true},
		"no memory":                   {"process_cpu_seconds_total 3\n", 0, 0, false},
		"others":                      {"up 1\n", 0, 0, false},
		"no metrics":                  {"<html>", 0, 0, false},
		"nothing":                     {"", 0, 0, false},
		"no number":                   {used("faas", math.NaN(), 1), 0, 0, false},
		"endless":                     {used("faas", 1, math.Inf(1)), 0, 0, false},
		"a histogram of the one name": {"# TYPE process_cpu_seconds_total histogram\nprocess_cpu_seconds_total_count 1\n", 0, 0, false},
	} {
		s, ok := readUsage(c.text)
		if ok != c.ok || ok && (s.cpu != c.cpu || s.memory != c.memory) {
			t.Errorf("%s: %+v %v, want %g s and %g bytes, %v", name, s, ok, c.cpu, c.memory, c.ok)
		}
	}
}

// TestUsage walks through time: when it waits for a second sample, and when it takes an earlier one for the first.
func TestUsage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var scrapes atomic.Int64
		m := newUsageMeter(func(_ context.Context, addr string, _ http.Header) (http.Header, []byte, error) {
			scrapes.Add(1)
			if addr == "away" {
				return nil, nil, errors.New("refused")
			}
			return nil, []byte(used("faas", time.Since(began).Seconds()/4, 100)), nil // a quarter of a core
		})
		echo := status("echo",
			function.Replica{ID: "a", MetricsAddr: "a", State: function.ReplicaReady},
			function.Replica{ID: "b", MetricsAddr: "away", State: function.ReplicaReady},
			function.Replica{ID: "c", MetricsAddr: "c", State: function.ReplicaStarting},
			function.Replica{ID: "d", State: function.ReplicaReady})
		for _, c := range []struct {
			name          string
			after, waited time.Duration
			scrapes       int64
		}{
			{"first", 0, usageGap, 3},
			{"again soon", 100 * time.Millisecond, usageGap - 100*time.Millisecond, 2},
			{"with an earlier sample", 29 * time.Second, 0, 2},
			{"that is too old now", 31 * time.Second, usageGap, 3},
		} {
			time.Sleep(c.after)
			at := time.Now()
			scrapes.Store(0)
			got := m.measure(t.Context(), echo)
			if got == nil || math.Abs(got.CPU-250) > 1e-6 || got.TotalMemoryBytes != 100 {
				t.Errorf("%s: %+v, want 250 millicores and 100 bytes", c.name, got)
			}
			if waited := time.Since(at); waited != c.waited || scrapes.Load() != c.scrapes {
				t.Errorf("%s: waited %s, scraped %d times; want %s and %d", c.name, waited, scrapes.Load(), c.waited, c.scrapes)
			}
		}
		if got := m.measure(t.Context(), status("none")); got != nil {
			t.Errorf("nothing to ask, and yet %+v", got)
		}
		time.Sleep(time.Minute)
		m.recall("", time.Now())
		if len(m.last) != 0 {
			t.Errorf("%d samples are kept for ever", len(m.last))
		}
	})
}

func TestCounterThatWentBack(t *testing.T) {
	now := time.Now()
	if got := millicoresBetween(usageSample{at: now, cpu: 5}, usageSample{at: now.Add(time.Second), cpu: 1}); got != 0 {
		t.Errorf("%g millicores, want 0", got)
	}
}

// TestUsageIsBounded gives it more replicas than it asks at once, all of them mute.
func TestUsageIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside, most atomic.Int64
		m := newUsageMeter(func(ctx context.Context, _ string, _ http.Header) (http.Header, []byte, error) {
			most.Store(max(most.Load(), inside.Add(1)))
			defer inside.Add(-1)
			<-ctx.Done()
			return nil, nil, ctx.Err()
		})
		s := status("many")
		for i := range 100 {
			s.Replicas = append(s.Replicas, function.Replica{ID: fmt.Sprint(i), MetricsAddr: "a", State: function.ReplicaReady})
		}
		at := time.Now()
		if got := m.measure(t.Context(), s); got != nil || time.Since(at) > usageTimeout || most.Load() > maxUsageScrapes {
			t.Errorf("%+v after %s, %d at once", got, time.Since(at), most.Load())
		}
	})
}

// TestUsageInTheAnswer asks as stock clients do.
func TestUsageInTheAnswer(t *testing.T) {
	var cpu atomic.Int64
	r := replica(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, used("old", float64(cpu.Add(1)), 1<<20))
	})
	r.MetricsAddr = r.Addr
	g := start(t, newFakeBackend(status("echo", r), status("mute", gone)), nil)
	get := func(path string) map[string]any {
		res, body := g.do(t, "GET", path, "")
		wantStatus(t, res, body, http.StatusOK)
		var got map[string]any
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	usage, _ := get("/system/function/echo?usage=1")["usage"].(map[string]any)
	if rate, _ := usage["cpu"].(float64); rate <= 0 || rate > 4000 {
		t.Errorf("usage %v, want one second of CPU in a quarter of a second or more", usage)
	}
	if diff := cmp.Diff(any(float64(1<<20)), usage["totalMemoryBytes"]); diff != "" {
		t.Error(diff)
	}
	for _, path := range []string{"/system/function/echo", "/system/function/echo?usage=0", "/system/function/mute?usage=1"} {
		if got, there := get(path)["usage"]; there {
			t.Errorf("%s: usage %v", path, got)
		}
	}
	res, body := g.do(t, "GET", "/system/function/echo?usage=much", "")
	wantStatus(t, res, body, http.StatusBadRequest)
}
