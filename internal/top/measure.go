package top

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Measure is a number that may be unknown. Unknown is NaN here, null in JSON (which has no infinity either) and "-" for people.
type Measure float64

func unknown() Measure { return Measure(math.NaN()) }

// Known reports whether there is a number.
func (m Measure) Known() bool { return !math.IsNaN(float64(m)) }

// MarshalJSON implements json.Marshaler.
func (m Measure) MarshalJSON() ([]byte, error) {
	if !m.Known() || math.IsInf(float64(m), 0) { // JSON has neither
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(m), 'g', 6, 64), nil
}

// number writes m with as many decimals as its size needs, in at most five characters below a million.
func (m Measure) number() string {
	switch {
	case !m.Known():
		return "-"
	case m == 0:
		return "0"
	case m < 100:
		return fmt.Sprintf("%.1f", m)
	case m < 99_999.5:
		return fmt.Sprintf("%.0f", m)
	}
	return fmt.Sprintf("%.0fk", m/1000)
}

// percent writes a share of 1.
func (m Measure) percent() string {
	switch {
	case !m.Known():
		return "-"
	case m == 0:
		return "0%"
	case m < 0.1:
		return fmt.Sprintf("%.1f%%", 100*m)
	}
	return fmt.Sprintf("%.0f%%", 100*m)
}

// seconds writes m as a duration with three digits.
func (m Measure) seconds() string {
	if !m.Known() {
		return "-"
	}
	d := time.Duration(float64(m) * float64(time.Second))
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1fms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%.0fms", d.Seconds()*1000)
	case d < 100*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return fmt.Sprintf("%.0fs", d.Seconds())
}
