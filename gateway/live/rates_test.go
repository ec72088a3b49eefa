package live

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"faas/internal/prom"
)

// rates is a Prometheus that answers a question with what stands by its beginning.
func rates(t *testing.T, answers map[string]string) Prometheus {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		kind := "vector"
		if strings.HasSuffix(r.URL.Path, "query_range") {
			kind = "matrix"
		}
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":%q,"result":[%s]}}`, kind, answers[r.FormValue("query")])
	}))
	t.Cleanup(server.Close)
	c, err := prom.New([]string{server.URL}, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}})
	if err != nil {
		t.Fatal(err)
	}
	return Prometheus{c}
}

func one(labels, value string) string {
	return fmt.Sprintf(`{"metric":{%s},"value":[1792000000,%q]}`, labels, value)
}

func TestLoads(t *testing.T) {
	series := []string{
		one(`"function_name":"a","scaling_type":"rps"`, "4.5"), one(`"function_name":"a","scaling_type":"slots"`, "2"),
		one(`"function_name":"b","scaling_type":"capacity"`, "3"),
	}
	up := one(`"scaling_type":"up"`, "1")
	loads, err := rates(t, map[string]string{loadsQuery: strings.Join(append(series, up), ",")}).Loads(t.Context())
	if err != nil || loads["a"] != (Load{4.5, 2}) || loads["b"].InFlight != 3 || !math.IsNaN(loads["b"].RPS) || len(loads) != 2 {
		t.Errorf("%v, %v", loads, err)
	}
	if _, err := rates(t, map[string]string{loadsQuery: strings.Join(series, ",")}).Loads(t.Context()); err == nil || !strings.Contains(err.Error(), "targets") {
		t.Errorf("no gateway is scraped: %v", err)
	}
}

func TestAnswers(t *testing.T) {
	of := `"function_name":"a"`
	answers, err := rates(t, map[string]string{
		rpsQuery: one(of, "12"), inFlightQuery: one(of, "1.5"), p50Query: one(of, "NaN"), p99Query: one(of, "0.25"), errorsQuery: one(of, "0.01"),
	}).Answers(t.Context())
	a := answers["a"]
	if err != nil || a.Load != (Load{12, 1.5}) || !math.IsNaN(a.P50) || a.P99 != 0.25 || a.Errors != 0.01 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestPast(t *testing.T) {
	now := time.Unix(1792000003, 0)
	past, err := rates(t, map[string]string{
		pastQuery: `{"metric":{"function_name":"a"},"values":[[1791999705,"1"],[1791999710,"2"],[1792000000,"60"],[1793000000,"0"]]}`,
	}).Past(t.Context(), now)
	a := past["a"]
	if err != nil || len(a) != sparkPoints || a[0] != 1 || a[1] != 2 || a[59] != 60 || !math.IsNaN(a[2]) {
		t.Errorf("%v, %v", a, err)
	}
}
