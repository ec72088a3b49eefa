package top

import (
	"strings"
	"time"
	"unicode"

	"faas/api"
)

// alive is what a gateway says of its control loop when nothing is wrong.
const alive = "alive"

// Sample is all that was seen of a gateway at one moment.
type Sample struct {
	At        time.Time
	Functions []api.FunctionStatus
	// Counters are by function.
	Counters map[string]Counters
	// Decisions are the newest ones that the scaler recorded, oldest first.
	Decisions []Decision
	// Frozen are the functions that alerts do not scale, of one function the longest first.
	Frozen []api.FrozenFunction
	// ControlLoop is "alive", or says since when no alert has come.
	ControlLoop string
}

// Decision is what became of an order to scale, as GET /system/scale/events tells it.
type Decision struct {
	ID       int64     `json:"id"`
	Time     time.Time `json:"time"`
	Function string    `json:"function"`
	// Kind says what gave rise to it: alert, step, manual, wake, blocked, freeze or heartbeat.
	Kind string `json:"kind"`
	// From and To are the counts before and after.
	From int `json:"from"`
	To   int `json:"to"`
	// Applied is true when the count was changed.
	Applied bool   `json:"applied"`
	Code    string `json:"code"`
	Reason  string `json:"reason"`
}

// changed reports whether the count changed: by this gateway or, as it tells too, by another one with the same order.
func (d Decision) changed() bool { return d.Applied || d.From != d.To }

// lastDecisions returns for each function the newest decision that changed its count or, where there is
// none, the newest that did not.
func (s Sample) lastDecisions() map[string]*Decision {
	last := map[string]*Decision{}
	for i := range s.Decisions {
		d := &s.Decisions[i]
		if old := last[d.Function]; old == nil || d.changed() || !old.changed() {
			last[d.Function] = d
		}
	}
	return last
}

// Printable makes a text from elsewhere safe to show: a control character would drive the terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
