package top

import (
	"fmt"
	"time"
	"unicode/utf8"

	"faas/api"
	"faas/internal/alerting"
)

// frozenFunctions has for each function that is frozen the silence that does so for the longest.
func (s Sample) frozenFunctions() map[string]*api.FrozenFunction {
	frozen := map[string]*api.FrozenFunction{}
	for i := range s.Frozen {
		if f := &s.Frozen[i]; frozen[f.Function] == nil {
			frozen[f.Function] = f
		}
	}
	return frozen
}

// frozenState says until when alerts do not scale a function, and which way if not both.
func frozenState(now time.Time, f api.FrozenFunction) string {
	layout := "15:04"
	if until := f.Until.Local(); until.YearDay() != now.Local().YearDay() || until.Year() != now.Local().Year() {
		layout = "2 Jan 15:04"
	}
	return fmt.Sprintf("%s until %s (silence %s)", alerting.Freeze(f).What(), f.Until.Local().Format(layout), brief(f.Silence))
}

// brief is as much of an ID as tells two of them apart.
func brief(id string) string {
	const enough = 4
	if utf8.RuneCountInString(id) <= enough+1 {
		return id
	}
	return string([]rune(id)[:enough]) + "…"
}
