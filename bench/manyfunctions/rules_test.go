package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

// TestEachEvaluationCountsOnce looks four times while two evaluations are made.
func TestEachEvaluationCountsOnce(t *testing.T) {
	looks := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		at := looks / 2
		looks++
		_, _ = fmt.Fprintf(w, `{"data":{"groups":[{"name":"scaling","interval":0.25,"lastEvaluation":"%[1]d","evaluationTime":0.00%[2]d,
			"rules":[{"name":"FunctionScale","health":"ok","lastEvaluation":"%[1]d","evaluationTime":0.001,
			"labels":{"direction":"up","replicas":"{{ $value }}"}}]}]}}`, at, 2+2*at)
	}))
	defer server.Close()
	times := newRuleTimes()
	for range 4 {
		if err := times.look(t.Context(), strings.TrimPrefix(server.URL, "http://")); err != nil {
			t.Fatal(err)
		}
	}
	group, rule := times.groups["scaling"], times.rules[0]
	if diff := cmp.Diff([]float64{2, 4}, group.took); diff != "" {
		t.Errorf("evaluations in ms (-want +got):\n%s", diff)
	}
	if group.median() != 4 || group.most() != 4 || group.share() != 1.6 {
		t.Errorf("median %g, most %g, share %g; want 4, 4 and 4 ms in 250, which is 1.6 %%", group.median(), group.most(), group.share())
	}
	if rule.name != "FunctionScale{direction=up}" || len(rule.took) != 2 {
		t.Errorf("rule %s with %d evaluations", rule.name, len(rule.took))
	}
}

func TestBackend(t *testing.T) {
	b := newBackend(20, "127.0.0.1:1", "")
	if err := b.ScaleFrom(t.Context(), name(5), 1, 3); err != nil {
		t.Fatal(err)
	}
	before, _ := b.Function(t.Context(), name(5))
	if err := b.ScaleFrom(t.Context(), name(5), 3, 2); err != nil {
		t.Fatal(err)
	}
	snap, _ := b.Functions(t.Context())
	got := snap.Functions[5]
	if got.Name != name(5) || got.Desired != 2 || got.Available() != 2 {
		t.Errorf("after 1 → 3 → 2: %+v", got)
	}
	if diff := cmp.Diff(before.Replicas[:2], got.Replicas); diff != "" {
		t.Errorf("replicas that stay (-before +after):\n%s", diff)
	}
	if err := b.ScaleFrom(t.Context(), name(5), 3, 4); !errors.Is(err, function.ErrConflict) {
		t.Errorf("from a count that it has not: %v", err)
	}
	if err := b.ScaleFrom(t.Context(), "ghost", 0, 1); !errors.Is(err, function.ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
}
