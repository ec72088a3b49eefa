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
	began := time.Now()
	r, err := Run(t.Context(), Options{Functions: []Function{{Name: "echo", Scaling: function.DefaultScaling(), Curve: step{10 * time.Second, 5, 50, 2 * time.Minute}}}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Functions {
		for _, d := range f.Decisions {
			t.Logf("%+v", d)
		}
		t.Logf("%+v %v", f.Score, f.Held)
		for _, p := range f.Points[5:20] {
			t.Logf("%+v", p)
		}
	}
	t.Log(r.Evaluations, r.Webhooks, r.Alerts, time.Since(began))
}
