package explain

import (
	"fmt"
	"strings"
	"time"
)

// Fewer says why there are not fewer replicas.
func (f Facts) Fewer() string {
	st := f.Status
	s := st.Scaling
	switch {
	case st.Desired == 0:
		return "at 0 already"
	case st.Desired > max(s.Min, 1) && f.frozen(down) != "":
		return f.frozen(down)
	case f.ControlLoop != nil:
		return "no orders arrive: " + f.ControlLoop.Error()
	case st.Desired > s.Max:
		return fmt.Sprintf("on its way: max is %d", s.Max)
	case st.Desired <= max(s.Min, 1):
		return f.last()
	case f.Unknown != "":
		return "not known: " + f.Unknown
	case f.pending() != "":
		return "not known yet: " + f.pending()
	case f.missing() != "":
		return "no figures of " + f.missing() + ": no number, no order"
	case f.Readings.Need == nil || f.Readings.Hold == nil:
		return "not known yet: the rules have recorded no need"
	case *f.Readings.Need >= st.Desired:
		return f.needed()
	case *f.Readings.Hold >= st.Desired:
		return f.held()
	}
	return f.falling(max(*f.Readings.Hold, s.Min, 1))
}

// falling is about replicas that nothing needed for a down window.
func (f Facts) falling(to int) string {
	st := f.Status
	window := st.Scaling.DownWindow
	stood, wait := f.Now.Sub(f.Ordered), calmFor(window)
	switch {
	case f.Readings.Wanted != nil && *f.Readings.Wanted < st.Desired:
		return fmt.Sprintf("on its way: the rules want %d, as no more were needed for %s", *f.Readings.Wanted, span(window))
	case f.tooSmall(to):
		return fmt.Sprintf("%d would do, but steps of less than a tenth are not taken", to)
	case !f.Ordered.IsZero() && stood < wait:
		return fmt.Sprintf("on its way to %d: no more were needed for %s, but steps down wait until the count stood for %s, and it "+
			"was ordered %s ago", to, span(window), span(wait), span(stood))
	}
	return fmt.Sprintf("on its way to %d: no more were needed for %s, and %s more are waited", to, span(window), span(settle))
}

// last is about a function at its minimum, from where the only way down is to zero.
func (f Facts) last() string {
	st := f.Status
	s := st.Scaling
	switch {
	case !s.Zero && s.Min == 0:
		return "the last one stays: zero is false"
	case !s.Zero:
		return fmt.Sprintf("at min %d", s.Min)
	case f.frozen(zero) != "":
		return f.frozen(zero)
	case f.InFlight > 0:
		return fmt.Sprintf("to 0 after %s without a request: there are %d under way", span(s.ZeroDuration), f.InFlight)
	case f.LastInvocation.IsZero():
		return fmt.Sprintf("to 0 after %s without a request", span(s.ZeroDuration))
	}
	ago := f.Now.Sub(f.LastInvocation)
	if ago < s.ZeroDuration {
		return fmt.Sprintf("to 0 after %s without a request: none came for %s", span(s.ZeroDuration), span(ago))
	}
	return fmt.Sprintf("to 0 is due, with no request for %s: it waits for evidence that nothing is queued, needed or "+
		"under way at any gateway", span(ago))
}

// needed is about replicas that the load needs now.
func (f Facts) needed() string {
	st := f.Status
	if !f.Ordered.IsZero() && f.Now.Sub(f.Ordered) < 5*time.Second {
		return fmt.Sprintf("ordered %s ago: what was just ordered counts as needed", span(f.Now.Sub(f.Ordered)))
	}
	if f.Readings.Overload >= st.Desired {
		return fmt.Sprintf("requests found all slots taken, and want %d", f.Readings.Overload)
	}
	var parts []string
	chance := false
	for _, s := range f.Signals() {
		if !s.Known || s.Load == 0 {
			continue
		}
		parts = append(parts, amount(s.Type, s.Load))
		if counted(s.Type) {
			chance = true
		}
	}
	if len(parts) == 0 {
		return fmt.Sprintf("%d count as needed", st.Desired)
	}
	load := strings.Join(parts, " and ")
	if chance { // the room for it counts on the way down alone, so this may be more than the load wants, and than there are
		return fmt.Sprintf("to go down, %s count as %d replicas, with room for chance", load, *f.Readings.Need)
	}
	return fmt.Sprintf("load needs them: %s need %d", load, *f.Readings.Need)
}

// held is about replicas that are kept for what was needed a while ago.
func (f Facts) held() string {
	st := f.Status
	s := st.Scaling
	text := fmt.Sprintf("down window holds %d", st.Desired)
	var until time.Time
	then := max(s.Min, 1)
	for _, n := range f.Readings.Needs {
		if n.Replicas >= st.Desired {
			until, then = n.At.Add(s.DownWindow+settle), max(s.Min, 1)
			continue
		}
		then = max(then, n.Replicas)
	}
	if until.IsZero() {
		return text + " (" + span(s.DownWindow) + ")"
	}
	if !f.Ordered.IsZero() {
		if stood := f.Ordered.Add(calmFor(s.DownWindow)); stood.After(until) {
			until = stood
		}
	}
	text = fmt.Sprintf("%s until about %s, in %s (window %s)", text, clock(until.In(f.Now.Location())), span(until.Sub(f.Now)), span(s.DownWindow))
	if f.tooSmall(then) {
		return fmt.Sprintf("%s; %d were needed since, and steps of less than a tenth are not taken", text, then)
	}
	return fmt.Sprintf("%s, then %d by what was needed since", text, then)
}
