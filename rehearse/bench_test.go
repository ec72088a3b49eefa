package rehearse

import (
	"fmt"
	"math"
	"testing"
	"time"

	"faas/function"
)

// wave is a load that goes up and down.
type wave struct{ mean, swing float64 }

func (w wave) Rate(t time.Duration) float64 {
	return w.mean + w.swing*math.Sin(2*math.Pi*t.Minutes()/10)
}
func (wave) Length() time.Duration { return time.Hour }

// BenchmarkRun says what a minute of virtual time takes.
func BenchmarkRun(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("functions=%d", n), func(b *testing.B) {
			o := Options{Seed: 1, Length: time.Minute, WarmUp: -1}
			for i := range n {
				o.Functions = append(o.Functions, Function{Name: fmt.Sprintf("f%d", i), Scaling: function.DefaultScaling(), Curve: wave{40, 30}})
			}
			for b.Loop() {
				if _, err := Run(b.Context(), o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
