package rehearse

import (
	"testing"
	"time"

	"faas/function"
)

type step struct {
	at       time.Duration
	from, to float64
	length   time.Duration
}

func (s step) Rate(t time.Duration) float64 {
	if t < s.at {
		return s.from
	}
	return s.to
}
func (s step) Length() time.Duration { return s.length }

func TestStep(t *testing.T) {
	slots := function.DefaultScaling()
	slots.Slots = 1
	slots.Zero, slots.ZeroDuration = true, 30*time.Second
	zero := slots
	zero.Min=0
	_ =zero
	base := Options{Functions: []Function{{Name: "echo", Scaling: slots, StartUp: 300 * time.Millisecond, ServiceTime: 200 * time.Millisecond, Curve: trace{}}}, Seed: 1}
	for _, o := range []Options{base, {Functions: base.Functions, Policy: HPA{Window: time.Minute}}, {Functions: base.Functions, Policy: HPA{}}, {Functions: base.Functions, Policy: KPA{}}, Classic(base)} {
		began := time.Now()
		r, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Functions {
			for _, d := range f.Decisions {
				t.Logf("%+v", d)
			}
			t.Logf("%s %+v %v", r.Policy, f.Score, f.Held)
		}
		t.Log(r.Evaluations, r.Webhooks, r.Alerts, time.Since(began))
	}
}

type trace struct{}

func (trace) Rate(t time.Duration) float64 {
	switch {
	case t < 30*time.Second:
		return 20
	case t < 3*time.Minute:
		return 160
	case t < 6*time.Minute:
		return 40
	}
	return 0
}
func (trace) Length() time.Duration { return 9 * time.Minute }
