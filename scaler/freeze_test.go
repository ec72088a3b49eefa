package scaler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"faas/function"
	"faas/internal/alerting"
)

// fakeAlertmanager keeps silences. Its own tests talk to real ones.
type fakeAlertmanager struct {
	mu       sync.Mutex
	silences []alerting.Silence
	made     int
	err      error
	away     bool // one of several, that with the silences, does not answer
	ended    []string
}

func (a *fakeAlertmanager) Silences(context.Context) (alerting.Listing, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return alerting.Listing{}, a.err
	}
	if a.away {
		return alerting.Listing{Ended: a.ended}, nil
	}
	var there []alerting.Silence
	for _, s := range a.silences {
		if time.Now().Before(s.EndsAt) {
			there = append(there, s)
		}
	}
	return alerting.Listing{Silences: there, Ended: a.ended, Complete: true}, nil
}

func (a *fakeAlertmanager) Silence(_ context.Context, s alerting.Silence) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return "", a.err
	}
	a.remove(s.ID)
	if s.ID == "" {
		a.made++
		s.ID = fmt.Sprintf("s%d", a.made)
	}
	s.State, s.UpdatedAt = alerting.Active, time.Now()
	a.silences = append(a.silences, s)
	return s.ID, nil
}

func (a *fakeAlertmanager) Expire(_ context.Context, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return a.err
	}
	if !a.remove(id) {
		return function.NotFoundf("there is no silence %s", id)
	}
	return nil
}

// remove reports whether there was one. a.mu is held.
func (a *fakeAlertmanager) remove(id string) bool {
	before := len(a.silences)
	a.silences = slices.DeleteFunc(a.silences, func(s alerting.Silence) bool { return s.ID == id })
	return len(a.silences) < before
}

func (a *fakeAlertmanager) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

// hour is a freeze of resize for an hour.
func hour() alerting.Freeze {
	return alerting.Freeze{Function: "resize", Until: time.Now().Add(time.Hour), CreatedBy: "admin", Comment: "load test"}
}

// TestFrozenFunctionIsNotScaled checks what a silence holds and what it does not, and what is told of it.
func TestFrozenFunctionIsNotScaled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		reg := prometheus.NewRegistry()
		b, am := functions(3, "resize", "cat"), &fakeAlertmanager{}
		s, stop := start(t, Options{Backend: b, Alertmanager: am, Log: slog.New(slog.NewTextHandler(&log, nil)), Registerer: reg})
		synctest.Wait()
		send := func(alert string) {
			t.Helper()
			if post(t, s, body(time.Now(), alert)) != http.StatusAccepted {
				t.Error("the webhook was refused")
			}
			synctest.Wait()
		}
		gauge := func(want string) {
			t.Helper()
			if want != "" {
				want = "# HELP gateway_scaling_frozen 1 while a silence keeps alerts from scaling the function, at least one way. Absent otherwise.\n" +
					"# TYPE gateway_scaling_frozen gauge\n" + want
			}
			if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "gateway_scaling_frozen"); err != nil {
				t.Error(err)
			}
		}
		// By whoever uses Alertmanager itself: it is seen within a second.
		if _, err := am.Silence(t.Context(), alerting.FreezeOf(hour())); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lookAtSilences)
		synctest.Wait()
		want := hour()
		want.Silence, want.Up, want.Down, want.Zero = "s1", true, true, true
		want.Until = want.Until.Add(-lookAtSilences).UTC()
		if diff := cmp.Diff([]alerting.Freeze{want}, s.Frozen()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]alerting.Freeze{want}, s.FrozenOf("resize")); diff != "" || len(s.FrozenOf("cat")) > 0 {
			t.Errorf("of one: %s, of the other %+v", diff, s.FrozenOf("cat"))
		}
		gauge("gateway_scaling_frozen{function_name=\"resize\"} 1\n")
		send("firing 9 up")
		send("firing 9 up")
		send("firing 2 down")
		send("firing -")
		if err := s.Scale(t.Context(), "resize", 0); err != nil {
			t.Errorf("a manual order: %v", err)
		}
		if err := s.Wake(t.Context(), "resize"); err != nil {
			t.Errorf("a wake: %v", err)
		}
		if err := am.Expire(t.Context(), "s1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lookAtSilences)
		synctest.Wait()
		gauge("")
		send("firing 9 up")
		wantDecisions(t, s, "freeze 3→3 frozen", "alert 3→3 frozen +1", "alert 3→3 frozen", "step 3→3 frozen",
			"manual 3→0 scaled", "wake 0→1 scaled", "freeze 1→1 thawed", "alert 1→9 scaled")
		wantCalls(t, b, 0, 1, 9)
		stop()

		events := s.decisions.find(query{limit: -1}).events
		const why = "frozen by silence s1 until 2000-01-01T01:00:00Z (load test)"
		if events[0].Reason != why || events[1].Reason != why || events[6].Reason != "thawed: silence s1 was ended" {
			t.Errorf("reasons %q, %q, %q", events[0].Reason, events[1].Reason, events[6].Reason)
		}
		for _, line := range []string{
			`msg="frozen: alerts do not scale it" function=resize replicas=3 reason="` + why + `"`,
			`msg="no longer frozen" function=resize replicas=1 silence=s1`,
		} {
			if strings.Count(log.String(), line) != 1 {
				t.Errorf("want the line %q once:\n%s", line, &log)
			}
		}
	})
}

// TestFreeze freezes by the scaler's own means, which show at once.
func TestFreeze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, am := functions(3, "resize", "cat"), &fakeAlertmanager{}
		s, _ := start(t, Options{Backend: b, Alertmanager: am})
		synctest.Wait()
		made, err := s.Freeze(t.Context(), hour())
		if err != nil || !made.Up || !made.Down || made.Silence != "s1" {
			t.Errorf("%+v, %v", made, err)
		}
		if got := s.Frozen(); len(got) != 1 || !got[0].Same(made) {
			t.Errorf("frozen: %+v, want %+v", got, made)
		}
		synctest.Wait()
		longer := hour()
		longer.Until, longer.Comment = longer.Until.Add(time.Hour), "longer"
		if again, err := s.Freeze(t.Context(), longer); err != nil || again.Silence != "s1" || len(am.silences) != 1 {
			t.Errorf("again: %+v, %v, %d silences", again, err, len(am.silences))
		}
		time.Sleep(2 * lookAtSilences)
		synctest.Wait()

		all := alerting.FreezeOf(hour())
		all.Matchers = all.Matchers[:1] // of every function
		if _, err := am.Silence(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		_, err = s.Unfreeze(t.Context(), "resize")
		if !errors.Is(err, function.ErrConflict) || !strings.Contains(err.Error(), "s2") {
			t.Errorf("unfreeze what another silence freezes too: %v", err)
		}
		if err := am.Expire(t.Context(), "s2"); err != nil {
			t.Fatal(err)
		}
		own := alerting.FreezeOf(hour())
		own.Matchers = own.Matchers[1:] // of every alert of the function, such as one of errors
		if _, err := am.Silence(t.Context(), own); err != nil {
			t.Fatal(err)
		}
		_, err = s.Unfreeze(t.Context(), "resize")
		if !errors.Is(err, function.ErrConflict) || !strings.HasSuffix(err.Error(), "amtool silence expire s3") || len(am.silences) != 1 {
			t.Errorf("unfreeze what also silences other alerts: %v, silences %+v", err, am.silences)
		}
		if err := am.Expire(t.Context(), "s3"); err != nil {
			t.Fatal(err)
		}
		if ended, err := s.Unfreeze(t.Context(), "resize"); err != nil || len(ended) != 0 {
			t.Errorf("unfreeze what is not frozen: ended %q, %v", ended, err)
		}
		time.Sleep(lookAtSilences)
		synctest.Wait()
		if got := s.Frozen(); len(got) != 0 {
			t.Errorf("frozen: %+v", got)
		}
		wantDecisions(t, s, "freeze 3→3 frozen", "freeze 3→3 frozen", "freeze 3→3 thawed")
		past := hour()
		past.Until = time.Now()
		if _, err := s.Freeze(t.Context(), past); !errors.Is(err, function.ErrInvalid) {
			t.Errorf("freeze until now: %v", err)
		}
	})
}

// TestStoppedBy has a silence of one order, which freezes nothing.
func TestStoppedBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		am := &fakeAlertmanager{}
		s, _ := start(t, Options{Backend: functions(3, "resize", "cat"), Alertmanager: am})
		one := alerting.FreezeOf(hour())
		number, err := labels.NewMatcher(labels.MatchEqual, "replicas", "12")
		if err != nil {
			t.Fatal(err)
		}
		one.Matchers = append(one.Matchers, number)
		if _, err := am.Silence(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * lookAtSilences)
		synctest.Wait()
		if got := s.StoppedBy("resize", 3, 12); got != "s1" || len(s.Frozen()) > 0 {
			t.Errorf("stopped by %q, frozen: %+v", got, s.Frozen())
		}
		if got := s.StoppedBy("resize", 3, 13) + s.StoppedBy("cat", 3, 12); got != "" {
			t.Errorf("stopped by %q", got)
		}
	})
}

// TestFreezeWithoutAlertmanager checks that what is known stays until its own end.
func TestFreezeWithoutAlertmanager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		b, am := functions(3, "resize", "cat"), &fakeAlertmanager{}
		s, stop := start(t, Options{
			Backend: b, Alertmanager: am, HeartbeatGrace: 2 * time.Hour, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		if _, err := s.Freeze(t.Context(), hour()); err != nil {
			t.Fatal(err)
		}
		am.fail(function.Unavailablef("it is away"))
		if _, err := s.Freeze(t.Context(), hour()); !errors.Is(err, function.ErrUnavailable) {
			t.Errorf("freeze: %v", err)
		}
		if _, err := s.Unfreeze(t.Context(), "resize"); !errors.Is(err, function.ErrUnavailable) {
			t.Errorf("unfreeze: %v", err)
		}
		time.Sleep(time.Hour - time.Second)
		post(t, s, body(time.Now(), "firing 9 up"))
		synctest.Wait()
		time.Sleep(time.Second)
		am.fail(nil)
		time.Sleep(lookAtSilences)
		post(t, s, body(time.Now(), "firing 9 up"))
		synctest.Wait()
		if _, err := s.Freeze(t.Context(), hour()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := b.remove("resize"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := s.Frozen(); len(got) != 0 {
			t.Errorf("frozen, though it is gone: %+v", got)
		}
		stop()
		wantDecisions(t, s, "freeze 3→3 frozen", "alert 3→3 frozen", "freeze 3→3 thawed", "alert 3→9 scaled", "freeze 9→9 frozen")
		for _, text := range []string{"silences cannot be read", "silences can be read again"} {
			if strings.Count(log.String(), text) != 1 {
				t.Errorf("want %q once:\n%s", text, &log)
			}
		}

		none, err := New(Options{Backend: b})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := none.Freeze(t.Context(), hour()); !errors.Is(err, function.ErrUnavailable) {
			t.Errorf("freeze: %v", err)
		}
	})
}

// TestAnnotations checks what the log shows of a rule's own words.
func TestAnnotations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(3, "resize")
		s, _ := start(t, Options{Backend: b})
		send := func(order, signal, reason string) {
			t.Helper()
			text, err := json.Marshal(map[string]string{"signal": signal, "reason": reason})
			if err != nil {
				t.Fatal(err)
			}
			annotated := strings.Replace(body(time.Now(), order), `"startsAt"`, `"annotations":`+string(text)+`,"startsAt"`, 1)
			if code := post(t, s, annotated); code != http.StatusAccepted {
				t.Errorf("status %d", code)
			}
			synctest.Wait()
		}
		send("firing 9 up", "rps", "rps 80,\n  a replica carries 9 rps")
		send("firing 9 up", "rps", "rps 81")
		send("firing 9 up", "rps", "rps 82")
		b.block("resize", crash)
		synctest.Wait()
		send("firing 12 up", "cpu", "cpu 7000\x1b[31m")
		send("firing 12 up", "cpu", strings.Repeat("x", 1000))
		var got []string
		for _, e := range s.decisions.find(query{limit: -1, all: true}).events {
			got = append(got, fmt.Sprintf("%s %s: %s +%d", e.Code, e.Signal, e.Reason, e.Repeats))
		}
		want := []string{
			"scaled rps: ordered 9 (rps 80, a replica carries 9 rps) +0",
			"unchanged rps: already at 9 +1",
			"blocked : " + crash + " +0",
			"blocked cpu: at 9: replicas cannot start: " + crash + " (cpu 7000 [31m) +1",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestSeveralCountsAtOnce has several counts for one function fire at once: the newest is carried out, and the others are
// no news.
func TestSeveralCountsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := functions(3, "resize")
		s, _ := start(t, Options{Backend: b})
		for range 3 {
			post(t, s, body(time.Now(), "firing 7 up 300ms", "firing 9 up 100ms", "firing 8 up 100ms", "firing 4 up 200ms"))
			synctest.Wait()
		}
		time.Sleep(time.Second)
		post(t, s, body(time.Now(), "firing 5 down"))
		synctest.Wait()
		wantCalls(t, b, 9)
		var got []string
		for _, e := range s.decisions.find(query{limit: -1}).events {
			got = append(got, fmt.Sprintf("%d→%d %s", e.From, e.To, e.Reason))
		}
		want := []string{"3→9 ordered 9", "9→9 at 9: raised 1.0 s ago, which this order could not know"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
