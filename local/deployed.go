package local

import (
	"slices"
	"time"

	"faas/function"
)

// deployed is a function with its slots. The supervisor's goroutine owns it.
type deployed struct {
	function   function.Function
	scaling    function.Scaling
	spec       spec
	generation int
	desired    int
	createdAt  time.Time
	removed    chan struct{} // closed when the function is
	// fromStack says that the present definition is the stack file's and not the API's.
	fromStack bool
	// tuned is what Tune made of a definition of the stack file's. Nil: nothing.
	tuned *keptTuning
	slots []*slot
	noted []string // what of its settings was said to have no effect
	// memoryLimit is in bytes. 0: none.
	memoryLimit int64
}

// define gives d a new definition. Slots of an older generation are replaced by plan.
func (d *deployed) define(f function.Function, s spec) {
	d.function = f
	d.scaling, _ = f.ParseScaling() // validated, or from an older state: defaults then
	d.memoryLimit = 0
	if f.Limits != nil {
		d.memoryLimit, _ = function.ParseMemory(f.Limits.Memory) // as above
	}
	if d.generation == 0 || !d.spec.equal(s) {
		d.generation++
	}
	d.spec = s
}

// plan says how many slots to add and which to retire, so that there are as many as desired, all of the
// present generation. Old ones go only as new ones become ready, one for one; old ones that are not
// ready serve nobody and go at once.
func (d *deployed) plan() (add int, retire []*slot) {
	var current, old []*slot
	for _, s := range d.slots {
		switch {
		case s.retired:
		case s.generation == d.generation:
			current = append(current, s)
		case s.ready():
			old = append(old, s)
		default:
			retire = append(retire, s)
		}
	}
	// The best come first: ready ones before others, older before newer.
	best := func(a, b *slot) int {
		if a.ready() != b.ready() {
			if a.ready() {
				return -1
			}
			return 1
		}
		if c := a.startedAt.Compare(b.startedAt); c != 0 {
			return c
		}
		return a.number - b.number
	}
	slices.SortFunc(current, best)
	slices.SortFunc(old, best)
	if len(current) > d.desired {
		retire = append(retire, current[d.desired:]...)
		current = current[:d.desired]
	}
	ready := 0
	for _, s := range current {
		if s.ready() {
			ready++
		}
	}
	if keep := max(0, d.desired-ready); len(old) > keep {
		retire = append(retire, old[keep:]...)
	}
	return max(0, d.desired-len(current)), retire
}

// find is the slot that holds r, or nil.
func (d *deployed) find(r *replica) *slot {
	for _, s := range d.slots {
		if s.replica == r {
			return s
		}
	}
	return nil
}

func (d *deployed) status(node string) function.Status {
	st := function.Status{
		Function: d.function, Scaling: d.scaling, Desired: d.desired, CreatedAt: d.createdAt,
		Replicas: make([]function.Replica, 0, len(d.slots)),
	}
	if missing := d.spec.waitsFor(); missing != "" {
		st.Blocked = d.function.Name + " " + missing
	}
	for _, s := range d.slots {
		if s.replica != nil {
			st.Replicas = append(st.Replicas, s.status(node))
		}
		if st.Blocked == "" && !s.retired && s.generation == d.generation {
			st.Blocked = s.blocked
		}
	}
	return st
}
