package explain

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"faas/function"
)

// More says why there are not more replicas.
func (f Facts) More() string {
	st := f.Status
	most, known := largest(f.Signals())
	wants := max(most.Wanted, f.Readings.Overload)
	also := ""
	if known && wants > st.Desired {
		also = fmt.Sprintf("; load wants %d", wants)
	}
	switch {
	case st.Desired == 0:
		return "at 0: the next request wakes it, and rules raise nothing from there"
	case f.frozen(up) != "":
		return f.frozen(up) + also
	case st.Blocked != "" && st.Available() < st.Desired:
		return "replicas cannot start: " + cut(st.Blocked) + also
	case f.ControlLoop != nil:
		return "no orders arrive: " + f.ControlLoop.Error() + also
	case also != "" && st.Desired >= st.Scaling.Max:
		return fmt.Sprintf("at max %d: load wants %d", st.Scaling.Max, wants)
	case st.Available() < st.Desired:
		return f.starting(wants, known)
	case f.Unknown != "":
		return cmp.Or(atMax(st), "not known") + ": " + f.Unknown
	case !known && f.pending() != "":
		return "not known yet: " + f.pending()
	case !known:
		return "no figures of " + f.missing() + ": no number, no order"
	case f.Readings.Overload > max(st.Desired, most.Wanted):
		return fmt.Sprintf("on its way: requests found all slots taken, and want %d", f.Readings.Overload)
	case wants > st.Desired:
		return f.soon(most)
	}
	return f.enough()
}

func atMax(st function.Status) string {
	if st.Desired < st.Scaling.Max {
		return ""
	}
	return fmt.Sprintf("at max %d", st.Scaling.Max)
}

// starting is about replicas that were ordered and are not there yet.
func (f Facts) starting(wants int, known bool) string {
	st := f.Status
	ordered := "ordered"
	if !known || wants != st.Desired {
		ordered = fmt.Sprintf("%d ordered", st.Desired)
	}
	if !f.Ordered.IsZero() {
		ordered += " " + span(f.Now.Sub(f.Ordered)) + " ago"
	}
	ordered += fmt.Sprintf(", %d ready", st.Available())
	if !known {
		return ordered
	}
	return fmt.Sprintf("load wants %d, %s", wants, ordered)
}

// soon is about a load that is more than the replicas carry.
func (f Facts) soon(most Signal) string {
	st := f.Status
	over := fmt.Sprintf("%s is more than %s", amount(most.Type, most.Load), carried(most, st.Desired))
	switch {
	case f.Readings.Wanted != nil && *f.Readings.Wanted > st.Desired:
		return fmt.Sprintf("on its way: the rules want %d: %s", *f.Readings.Wanted, over)
	case !counted(most.Type) && most.Load <= tolerance*most.Capacity:
		return fmt.Sprintf("not yet: %s, but by less than 10 %%", over)
	case counted(most.Type) && math.Sqrt(most.Load)-math.Sqrt(most.Capacity) <= creep5s:
		return fmt.Sprintf("not yet: %s, but chance alone does that: it takes %s over 30s, or %s over 5s, and less while it rises", over,
			figure(most.Type, above(most.Capacity, creep30s)), figure(most.Type, above(most.Capacity, creep5s)))
	}
	return fmt.Sprintf("on its way: %s, and is ordered within seconds", over)
}

// counted reports whether a load is a count of events, in which there is chance.
func counted(t function.ScalingType) bool {
	return t == function.ScalingRPS || t == function.ScalingCapacity || t == Slots
}

func above(capacity, z float64) float64 { return math.Pow(math.Sqrt(capacity)+z, 2) }

// enough is about loads that the replicas carry.
func (f Facts) enough() string {
	st := f.Status
	var parts []string
	idle := true
	for _, s := range f.Signals() {
		if !s.Known {
			continue
		}
		idle = idle && s.Load == 0
		part := fmt.Sprintf("%s is within %s", amount(s.Type, s.Load), carried(s, st.Desired))
		if len(parts) > 0 {
			part = fmt.Sprintf("%s within %s", amount(s.Type, s.Load), figure(s.Type, s.Capacity))
		}
		parts = append(parts, part)
	}
	text := "no: load " + strings.Join(parts, ", ")
	switch {
	case idle && f.AtRest && !f.LastInvocation.IsZero():
		text = "no: nothing arrived for " + span(f.Now.Sub(f.LastInvocation))
	case idle:
		text = "no: there is no load"
	}
	if missing := f.missing(); missing != "" {
		text += "; there are no figures of " + missing
	}
	return text
}

// missing are the signals whose load is not known.
func (f Facts) missing() string {
	var names []string
	for _, s := range f.Signals() {
		if !s.Known {
			names = append(names, string(s.Type))
		}
	}
	return strings.Join(names, " and ")
}
