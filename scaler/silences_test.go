package scaler

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"faas/internal/alerting"
)

// TestFreezeWithOneOfTwoAlertmanagers has the one that knows the silences be slow, while the other is empty and quick.
func TestFreezeWithOneOfTwoAlertmanagers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, am := functions(3, "resize", "cat"), &fakeAlertmanager{}
		s, _ := start(t, Options{Backend: b, Alertmanager: am})
		for range 2 {
			if _, err := am.Silence(t.Context(), alerting.FreezeOf(hour())); err != nil {
				t.Fatal(err)
			}
		}
		change := func(do func()) {
			time.Sleep(3 * lookAtSilences)
			synctest.Wait()
			am.mu.Lock()
			do()
			am.mu.Unlock()
			time.Sleep(3 * lookAtSilences)
			synctest.Wait()
		}
		change(func() { am.away = true })
		post(t, s, body(time.Now(), "firing 9 up"))
		change(func() { am.ended = []string{"s1"} })
		if got := s.Frozen(); len(got) != 1 || got[0].Silence != "s2" {
			t.Errorf("frozen: %+v", got)
		}
		if ended, err := s.Unfreeze(t.Context(), "resize"); err != nil || len(am.silences) != 1 || !slices.Equal(ended, []string{"s2"}) {
			t.Errorf("unfreeze: %v, ended %q, silences %+v", err, ended, am.silences)
		}
		synctest.Wait()
		wantDecisions(t, s, "freeze 3→3 frozen", "alert 3→3 frozen", "freeze 3→3 frozen", "freeze 3→3 thawed")
	})
}

// TestWordsOfSilences checks that what the author of a silence wrote drives neither a terminal nor the log.
func TestWordsOfSilences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		am := &fakeAlertmanager{}
		s, _ := start(t, Options{Backend: functions(3, "resize", "cat"), Alertmanager: am})
		all := alerting.FreezeOf(hour())
		all.Matchers, all.Comment = all.Matchers[:1], "a\n2026 scaled\x1b[31m\u202e \tb"+strings.Repeat("x", 1000)
		if _, err := am.Silence(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * lookAtSilences)
		post(t, s, body(time.Now(), "firing 9 up"))
		synctest.Wait()
		_, err := s.Unfreeze(t.Context(), "resize")
		texts := []string{fmt.Sprint(err)}
		for _, e := range s.decisions.find(query{limit: -1}).events {
			texts = append(texts, e.Reason)
		}
		if len(texts) != 4 { // two became frozen, one order was held
			t.Errorf("texts: %q", texts)
		}
		for _, text := range texts {
			if strings.ContainsAny(text, "\n\t\x1b\u202e") || !strings.Contains(text, "(a 2026 scaled [31m bx") || len(text) > maxWords+200 {
				t.Errorf("got %q", text)
			}
		}
	})
}
