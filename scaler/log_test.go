package scaler

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLog has one line for each change and each failure, and none for repetitions.
func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		b := functions(1, "resize")
		tries := 0
		b.scale = func(_ context.Context, name string, n int) error {
			if tries++; tries == 1 {
				return errBackend
			}
			return b.set(name, n, n)
		}
		s, stop := start(t, Options{Backend: b, Log: slog.New(slog.NewTextHandler(&out, nil))})
		began := time.Now()
		for range 3 {
			post(t, s, body(began, "firing 30 up", "firing x"))
			time.Sleep(10 * time.Second)
		}
		post(t, s, strings.Replace(heartbeatBody, "STATUS", "firing", 1))
		time.Sleep(time.Minute)
		stop()
		var got []string
		for line := range strings.Lines(out.String()) {
			_, line, _ = strings.Cut(strings.TrimSpace(line), " ") // the time
			got = append(got, line)
		}
		want := []string{
			`level=WARN msg="order not applied" function=resize kind=alert alert=FunctionScale status=firing wanted=0 ` +
				`reason="label replicas=\"x\": it must be a whole number of 0 or more; write it in the rule as '{{ printf \"%.0f\" $value }}'"`,
			`level=WARN msg="backend call failed, will be retried" function=resize err="scale resize to 20: the backend is away" failures=1 retry_in=200ms`,
			`level=INFO msg=scaled function=resize from=1 to=20 kind=alert alert=FunctionScale reason="ordered 30 (clamped from 30 to max 20)" duration=200ms`,
			`level=INFO msg="replicas ready" function=resize replicas=20 duration=200ms`,
			`level=INFO msg="control loop alive"`,
			`level=WARN msg="control loop lost" err="control loop lost: no Heartbeat alert since 2000-01-01T00:00:30Z; all replica counts are held"`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}
