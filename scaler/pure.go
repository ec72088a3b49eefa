package scaler

import (
	"cmp"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/template"
)

// After returns the state that follows d, for those who play decisions through without a Scaler.
func (st State) After(now time.Time, d Decision) State { return st.after(now, d) }

// ParseAlert reads one alert of Alertmanager's webhook as the webhook does. Its errors, of kind ErrInvalid, tell the author
// of the rule what to write.
func ParseAlert(now time.Time, p template.Alert) (Alert, error) { return parseAlert(now, p) }

// DecideWake says what a request for a function does that may have no replicas.
func DecideWake(now time.Time, st State) Decision { return decideWake(now, st) }

// NewestFirst has the newest of several counts for a function decided on before the others, so that they are not carried
// out on the way to it. Steps count each, so where there is one the order stays.
func NewestFirst[T any](orders []T, alert func(T) Alert) {
	if slices.ContainsFunc(orders, func(o T) bool { return alert(o).Step }) {
		return
	}
	slices.SortStableFunc(orders, func(x, y T) int {
		a, b := alert(x), alert(y)
		return cmp.Or(b.At().Compare(a.At()), cmp.Compare(b.Replicas, a.Replicas))
	})
}
