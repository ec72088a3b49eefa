package main

import (
	"math"
	"testing"
	"time"
)

func TestAgreement(t *testing.T) {
	a := newTrail([]change{{0, 1}, {2 * time.Second, 3}, {8 * time.Second, 2}}, 10*time.Second)
	b := newTrail([]change{{0, 1}, {3 * time.Second, 3}}, 10*time.Second)
	if a.replicaSeconds != 24 || a.most != 3 || a.count() != 2 {
		t.Errorf("%+v, want 24 replica-seconds, 3 at most and 2 changes", a)
	}
	if same, near := agreement(a, b); same != 70 || near != 90 {
		t.Errorf("%g %% the same, %g %% within one; want 70, 90", same, near)
	}
	if d := differences(a, b); !math.IsInf(d, 1) { // the larger one of two: b never goes down
		t.Errorf("a difference of %g s to what never happened", d)
	}
	if d := differences(b, a); d != 1 {
		t.Errorf("a difference of %g s, want 1", d)
	}
	if jumps := (steps{5, 5, 50, 49, 20}).jumps(); len(jumps) != 2 || jumps[1] != 4*time.Second {
		t.Errorf("jumps %v, want two", jumps)
	}
}
