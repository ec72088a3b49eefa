package alerting

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

const firing = `[{"annotations":{"reason":"r"},"endsAt":"2026-07-01T18:00:03Z","fingerprint":"0","receivers":[{"name":"faas"}],
	"startsAt":"2026-07-01T18:00:00Z","status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":["s"],"state":"suppressed"},
	"updatedAt":"2026-07-01T18:00:01Z","generatorURL":"http://p/graph","labels":{"alertname":"FunctionScale"}}]`

func TestFiring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, hangs := "", false
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			if hangs && r.URL.Hostname() == "10.0.0.1" {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			asked = r.Method + " " + r.URL.String()
			return answer(200, firing)
		})
		want := []Firing{{
			Labels: map[string]string{"alertname": "FunctionScale"}, Annotations: map[string]string{"reason": "r"},
			StartsAt: time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC), EndsAt: time.Date(2026, 7, 1, 18, 0, 3, 0, time.UTC),
			UpdatedAt: time.Date(2026, 7, 1, 18, 0, 1, 0, time.UTC), State: "suppressed", SilencedBy: []string{"s"}, GeneratorURL: "http://p/graph",
		}}
		for range 2 {
			got, err := c.Firing(t.Context())
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
			if hangs && asked != "GET http://10.0.0.2:9093/prefix/api/v2/alerts" {
				t.Errorf("asked %s", asked)
			}
			hangs = true // and the other answers
		}
	})
}

func TestFiringFails(t *testing.T) {
	c := newClient(t, func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") })
	if _, err := c.Firing(t.Context()); !errors.Is(err, function.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}
