package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"faas/function"
	"faas/internal/prom"
)

func TestStep(t *testing.T) {
	for length, want := range map[time.Duration]time.Duration{
		Shortest: time.Second, 6 * time.Minute: time.Second, 15 * time.Minute: 5 * time.Second, time.Hour: 10 * time.Second, Longest: time.Minute,
	} {
		if got := Step(length); got != want {
			t.Errorf("%s: %s, want %s", length, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	now := time.Unix(1792000000, 5e8)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		result := ""
		if q := r.FormValue("query"); strings.HasPrefix(q, "histogram_quantile(0.5") {
			result = `{"metric":{},"values":[[1791999100,"NaN"],[1791999105,"0.25"],[1792000000,"0.5"],[1793000000,"9"]]}`
		}
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[%s]}}`, result)
	}))
	defer server.Close()
	c, err := prom.New([]string{server.URL}, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}})
	if err != nil {
		t.Fatal(err)
	}
	s := function.Status{Function: function.Function{Name: "a"}, Scaling: function.DefaultScaling()}
	h, err := Read(t.Context(), c, s, 15*time.Minute, now)
	if err != nil {
		t.Fatal(err)
	}
	const points = 181
	if len(h.Times) != points || h.From != 1791999100000 || h.To != 1792000000000 || h.Step != 5 || h.Unit != "rps" || h.Signal != "rps" {
		t.Errorf("%d times, %d to %d in steps of %g", len(h.Times), h.From, h.To, h.Step)
	}
	if len(h.P50) != points || h.P50[0].Known() || h.P50[1] != 0.25 || h.P50[2].Known() || h.P50[points-1] != 0.5 {
		t.Errorf("p50 begins with %v", h.P50[:3])
	}
	if text, err := json.Marshal(h); err != nil || strings.Count(string(text), "null") != 8*points+points-2 {
		t.Errorf("%.200s…, %v", text, err)
	}
	server.Close()
	if _, err := Read(t.Context(), c, s, 15*time.Minute, now); !errors.Is(err, function.ErrUnavailable) {
		t.Errorf("without Prometheus: %v", err)
	}
}
