package scaler

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"faas/function"
	"faas/internal/alerting"
)

// lookAtSilences is how often Alertmanager is asked for its silences.
const lookAtSilences = time.Second

// Frozen returns what freezes functions, in the order of their names; of one that several silences freeze, the longest
// first.
func (s *Scaler) Frozen() []alerting.Freeze { return s.freezes.all(time.Now()) }

// FrozenOf returns what freezes one function, the longest first.
func (s *Scaler) FrozenOf(name string) []alerting.Freeze { return s.freezes.of(time.Now(), name) }

// StoppedBy returns the ID of a silence that stops the order which takes a function from so many replicas to so many, though it
// freezes nothing. Empty: none does.
func (s *Scaler) StoppedBy(name string, from, to int) string {
	return alerting.Stopping(time.Now(), s.freezes.known(), name, from, to)
}

// Freeze makes a silence for f.Function until f.Until, or changes the one that an earlier call made, and returns what it
// made. Errors: ErrInvalid for an end that is not in the future, ErrUnavailable without an Alertmanager that answers.
func (s *Scaler) Freeze(ctx context.Context, f alerting.Freeze) (alerting.Freeze, error) {
	if !f.Until.After(time.Now()) {
		return f, function.Invalidf("freeze %s until %s: that is over", f.Function, f.Until.Format(time.RFC3339))
	}
	silences, err := s.silences(ctx)
	if err != nil {
		return f, err
	}
	wanted := alerting.FreezeOf(f)
	var replaced []string
	old := slices.IndexFunc(silences, func(o alerting.Silence) bool {
		return o.State == alerting.Active && o.SameMatchers(wanted)
	})
	if old >= 0 {
		wanted.ID, wanted.StartsAt = silences[old].ID, silences[old].StartsAt
		replaced = append(replaced, wanted.ID)
	}
	if wanted.ID, err = s.alertmanager.Silence(ctx, wanted); err != nil {
		return f, err
	}
	wanted.State = alerting.Active
	s.freezes.edit(append(replaced, wanted.ID), wanted)
	f.Silence, f.Up, f.Down, f.Zero = wanted.ID, true, true, true
	return f, nil
}

// Unfreeze ends the silences that freeze this function and stop nothing else, and returns their IDs; that there is none is no
// error. Errors: ErrConflict where one that stops other alerts too still freezes it, ErrUnavailable without an Alertmanager that
// answers.
func (s *Scaler) Unfreeze(ctx context.Context, name string) (ended []string, err error) {
	silences, err := s.silences(ctx)
	if err != nil {
		return nil, err
	}
	var kept []alerting.Silence
	for _, silence := range silences {
		own := silence.Only(name) && len(alerting.Freezes(time.Now(), []alerting.Silence{silence}, name)) > 0
		if !own {
			kept = append(kept, silence)
			continue
		}
		if err := s.alertmanager.Expire(ctx, silence.ID); err != nil && !errors.Is(err, function.ErrNotFound) {
			return ended, err
		}
		ended = append(ended, silence.ID)
		s.freezes.edit(ended)
	}
	if still := alerting.Freezes(time.Now(), kept, name); len(still) > 0 {
		return ended, function.Conflictf("%s is still %s: that silence may stop other alerts too, so end it in Alertmanager, when they may "+
			"come again: amtool silence expire %.50s", name, words(still[0].String(), maxWords), words(still[0].Silence, maxWords))
	}
	return ended, nil
}

// silences are those that Alertmanager has, and those that are known from one of several that does not answer now.
func (s *Scaler) silences(ctx context.Context) ([]alerting.Silence, error) {
	if s.alertmanager == nil {
		return nil, function.Unavailablef("the gateway knows no Alertmanager: start it with --alertmanager URL")
	}
	listing, err := s.alertmanager.Silences(ctx)
	if err != nil {
		return nil, err
	}
	return s.freezes.with(listing), nil
}

// watchSilences follows Alertmanager's silences and the functions, and records which become frozen and which are so no
// more. While an Alertmanager does not answer, what was known stays until the silences' own end, unless another shows it to be
// over.
func (s *Scaler) watchSilences(ctx context.Context) {
	tick := time.NewTicker(lookAtSilences)
	defer tick.Stop()
	failing := false
	for {
		edits := s.freezes.look()
		listing, err := s.alertmanager.Silences(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			s.log.Warn("silences cannot be read, those that are known stay until their end", "err", err)
		case err == nil && failing:
			s.log.Info("silences can be read again")
		}
		if failing = err != nil; !failing {
			s.freezes.set(time.Now(), listing, edits)
		}
		for waiting := true; waiting; {
			s.tellFreezes(time.Now())
			select {
			case <-ctx.Done():
				return
			case <-s.freezes.changed:
			case <-tick.C:
				waiting = false
			}
		}
	}
}

// tellFreezes records what changed.
func (s *Scaler) tellFreezes(now time.Time) {
	for _, c := range s.freezes.news(now) {
		if c.functionOut {
			s.metrics.frozen.DeleteLabelValues(c.function)
			s.forgetWithoutOwner(c.function)
			continue
		}
		e := Event{Time: now, Function: c.function, Kind: KindFreeze, From: c.desired, To: c.desired, Wanted: c.desired}
		if len(c.is) == 0 {
			e.Code, e.Reason = CodeThawed, "thawed: silence "+c.was[0].Silence+" was ended"
			if !now.Before(c.was[0].Until) {
				e.Reason = "thawed: the time of silence " + c.was[0].Silence + " is over"
			}
			s.metrics.frozen.DeleteLabelValues(c.function)
			s.log.Info("no longer frozen", "function", c.function, "replicas", c.desired, "silence", c.was[0].Silence)
		} else {
			texts := make([]string, len(c.is))
			for i, f := range c.is {
				texts[i] = f.String()
			}
			e.Code, e.Reason = CodeFrozen, words(strings.Join(texts, "; "), maxWords)
			s.metrics.frozen.WithLabelValues(c.function).Set(1)
			s.log.Info("frozen: alerts do not scale it", "function", c.function, "replicas", c.desired, "reason", e.Reason)
		}
		s.record(e, true)
	}
}

// forgetWithoutOwner drops what is kept for a function that is gone, unless its owner does so.
func (s *Scaler) forgetWithoutOwner(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owners[name] == nil {
		s.decisions.forget(name)
	}
}
