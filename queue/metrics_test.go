package queue

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := newMetrics(registry)
	for _, function := range []string{"kept", "removed"} {
		m.count(function, eventAccepted)
		m.called(function, outcomeDelivered)
		m.took(function, time.Second)
	}
	m.setConnected(true)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	before, err := testutil.GatherAndCount(registry)
	if err != nil {
		t.Fatal(err)
	}
	m.forget(func(function string) bool { return function == "kept" })
	if after, err := testutil.GatherAndCount(registry); err != nil || after != before-3 {
		t.Errorf("%d series after a function was removed, %d before, %v; want 3 less", after, before, err)
	}
}
