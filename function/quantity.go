package function

import (
	"math"
	"strconv"
	"strings"
)

// memoryUnits are those of the field: powers of two with an i, powers of ten without. The longer ones
// stand first, so that "Mi" is not read as "M".
var memoryUnits = []struct {
	suffix string
	bytes  float64
}{
	{"Ki", 1 << 10},
	{"Mi", 1 << 20},
	{"Gi", 1 << 30},
	{"Ti", 1 << 40},
	{"k", 1e3},
	{"K", 1e3},
	{"M", 1e6},
	{"m", 1 << 20},
	{"G", 1e9},
	{"g", 1 << 30},
	{"T", 1e12},
	{"", 1},
}

// ParseMemory reads a quantity of memory such as "128Mi", "1G" or "67108864" as bytes. The small
// letters m and g are Docker's own and mean Mi and Gi. Empty is 0, no limit. Errors are ErrInvalid.
func ParseMemory(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	for _, u := range memoryUnits {
		number, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(number, 64)
		if err != nil || !(v >= 0) || v*u.bytes > math.MaxInt64/2 {
			break
		}
		return positive(v, v*u.bytes), nil
	}
	return 0, Invalidf("memory %q: write a number with a unit, such as 128Mi, 1Gi or 64M", s)
}

// leastNanos is where a number without a unit begins to mean billionths of a core. OpenFaaS on Swarm knew no
// other unit, and no machine has so many cores.
const leastNanos = 1e6

// ParseCPU reads a quantity of processor time such as "100m" (millicores), "0.5" (cores) or "500000000"
// (billionths of a core) as millicores. Empty is 0, no limit. Errors are ErrInvalid.
func ParseCPU(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	number, milli := strings.CutSuffix(s, "m")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v >= 0) || v > 1e12 {
		return 0, Invalidf("cpu %q: write millicores such as 100m, or cores such as 0.5", s)
	}
	switch {
	case milli:
	case v >= leastNanos:
		v /= 1e6
	default:
		v *= 1000
	}
	return positive(v, math.Round(v)), nil
}

// positive makes units whole. A quantity above 0 stays so, since 0 means no limit.
func positive(quantity, units float64) int64 {
	if quantity > 0 && units < 1 {
		return 1
	}
	return int64(units)
}
