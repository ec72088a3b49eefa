package rehearse

import "time"

// Curve is a load over time.
type Curve interface {
	// Rate is the arrivals per second at t from the beginning. After the end it is that of the end, or 0.
	Rate(t time.Duration) float64
	// Length is how long the curve lasts.
	Length() time.Duration
}
