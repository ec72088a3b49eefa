package rehearse

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"

	"faas/function"
	"faas/scaler"
)

// TestPayloadIsDecidedOnAsTheScalerDoes has two counts in one payload, the older one first.
func TestPayloadIsDecidedOnAsTheScalerDoes(t *testing.T) {
	o := Options{WarmUp: -1, Functions: []Function{{Name: "f", Scaling: function.DefaultScaling(), Curve: flat(time.Minute, 1)}}}
	o.fill()
	w := &world{o: o, players: map[string]*player{}, result: &Result{}}
	w.cast()
	alert := func(starts time.Duration, replicas int) *sentAlert {
		return &sentAlert{starts: starts, labels: labels.FromStrings("alertname", "FunctionScale", "function_name", "f",
			"replicas", strconv.Itoa(replicas), "direction", "up")}
	}
	w.webhook([]*sentAlert{alert(time.Second, 3), alert(2*time.Second, 5)})
	for w.step(3 * time.Second) {
	}
	r := w.players["f"].result
	if len(r.Decisions) != 1 || r.Decisions[0].To != 5 {
		t.Errorf("decisions %v, want one, for the newest count", r.Decisions)
	}
	if diff := cmp.Diff(map[scaler.Code]int{scaler.CodePassed: 1}, r.Held); diff != "" {
		t.Errorf("held (-want +got):\n%s", diff)
	}
}
