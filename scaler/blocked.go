package scaler

import (
	"cmp"
	"slices"
	"time"

	"faas/function"
)

// blockedAlert is the name under which events tell that replicas cannot start. It is no rule of Prometheus.
const blockedAlert = "ScaleBlocked"

// blockages knows which functions are blocked: their replicas cannot start, says the backend, so raising stops.
// One goroutine at a time uses it.
type blockages struct {
	told map[string]bool // whether it is blocked now, of functions that were told of
}

func newBlockages() *blockages { return &blockages{told: map[string]bool{}} }

// observe takes a snapshot. It returns the functions that became blocked, or are so no more, and the names of those that
// were told of and are gone. That the text of a blocked one changes is no news: it counts failures.
func (b *blockages) observe(snapshot function.Snapshot) (changed []function.Status, gone []string) {
	there := make(map[string]bool, len(snapshot.Functions))
	for _, f := range snapshot.Functions {
		there[f.Name] = true
		if blocked := f.Blocked != ""; blocked != b.told[f.Name] {
			b.told[f.Name] = blocked
			changed = append(changed, f)
		}
	}
	for name := range b.told {
		if !there[name] {
			gone = append(gone, name)
			delete(b.told, name)
		}
	}
	slices.SortFunc(changed, func(a, b function.Status) int { return cmp.Compare(a.Name, b.Name) })
	return changed, gone
}

// tellBlocked records that f became blocked, or is so no more.
func (s *Scaler) tellBlocked(now time.Time, f function.Status) {
	e := Event{
		Time: now, Function: f.Name, Kind: KindBlocked, Alert: blockedAlert, Status: statusResolved,
		From: f.Desired, To: f.Desired, Wanted: f.Desired, Code: CodeUnblocked, Reason: "replicas start again",
	}
	if f.Blocked == "" {
		s.metrics.blocked.DeleteLabelValues(f.Name)
		s.log.Info("no longer blocked", "function", f.Name, "replicas", f.Desired)
	} else {
		e.Status, e.Code, e.Reason = statusFiring, CodeBlocked, cut(f.Blocked, maxWords)
		s.metrics.blocked.WithLabelValues(f.Name).Set(1)
		s.log.Warn("blocked: replicas cannot start, alerts do not raise", "function", f.Name,
			"replicas", f.Desired, "ready", f.Available(), "reason", f.Blocked)
	}
	s.record(e, true)
}
