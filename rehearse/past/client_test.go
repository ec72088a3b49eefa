package past

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

var noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// fake answers each question whose query contains a key with that result, and keeps the questions.
type fake struct {
	results map[string]string // data of the answer, by a part of the query
	asked   []string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // a query that is missing matches nothing
	query := r.Form.Get("query")
	f.asked = append(f.asked, strings.Join([]string{r.URL.Path, query, r.Form.Get("start"), r.Form.Get("end"), r.Form.Get("step")}, " "))
	w.Header().Set("Content-Type", "application/json")
	for part, data := range f.results {
		if strings.Contains(query, part) {
			fmt.Fprintf(w, `{"status":"success","data":%s}`, data)
			return
		}
	}
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprint(w, `{"status":"error","errorType":"bad_data","error":"parse error: unknown function"}`)
}

func (f *fake) client(t *testing.T) *Client {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	c, err := New(Options{URL: server.URL, Client: server.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// matrix is a result of one series from noon on, with null for a value that is missing.
func matrix(t *testing.T, step time.Duration, values ...any) string {
	t.Helper()
	var pairs [][2]any
	for i, v := range values {
		if v != nil {
			pairs = append(pairs, [2]any{noon.Add(time.Duration(i+1) * step).Unix(), v})
		}
	}
	text, err := json.Marshal(pairs)
	if err != nil {
		t.Fatal(err)
	}
	return `{"resultType":"matrix","result":[{"metric":{},"values":` + string(text) + `}]}`
}

func TestLoad(t *testing.T) {
	f := &fake{results: map[string]string{"rate": matrix(t, 10*time.Second, nil, "2", "3.5", nil, "NaN", "4")}}
	c, gaps, err := f.client(t).Load(t.Context(), Query(`a"b`, 10*time.Second), Gateway, Span{Start: noon, End: noon.Add(60 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`/api/v1/query_range sum(irate(gateway_function_invocation_started{job="gateway",function_name="a\"b"}[30s])) ` +
			fmt.Sprintf("%d %d 10", noon.Unix()+10, noon.Unix()+60),
		fmt.Sprintf(`/api/v1/query_range count(count_over_time(up{job="gateway-scaling"}[10s])) %d %d 10`, noon.Unix()+10, noon.Unix()+60),
	}
	if diff := cmp.Diff(want, f.asked); diff != "" {
		t.Error(diff)
	}
	var got []float64
	for at := time.Duration(0); at < c.Length(); at += 10 * time.Second {
		got = append(got, c.Rate(at))
	}
	if diff := cmp.Diff([]float64{2, 3.5, 3.5, 3.5, 4}, got); diff != "" || gaps.Repeated != 2 {
		t.Errorf("%+v, want 2 %s", gaps, diff)
	}
}

func TestQuery(t *testing.T) {
	for step, want := range map[time.Duration]string{
		time.Second:      "irate(gateway_function_invocation_started{job=\"gateway\",function_name=\"f\"}[30s])",
		19 * time.Second: "rate(gateway_function_invocation_started{job=\"gateway\",function_name=\"f\"}[30s])",
		90 * time.Second: "rate(gateway_function_invocation_started{job=\"gateway\",function_name=\"f\"}[1m40s])",
	} {
		if got := Query("f", step); got != "sum("+want+")" {
			t.Errorf("steps of %s: %s", step, got)
		}
	}
}

// TestQueriesFitTheShippedFiles holds how often the job gateway looks, and that the query for fine loads is the one that
// the tests of the rules ask.
func TestQueriesFitTheShippedFiles(t *testing.T) {
	for file, want := range map[string]string{
		"prometheus.yml": "job_name: gateway\n    metrics_path: /metrics\n    scrape_interval: " + promDuration(scrape) + "\n",
		"tests/up.yml":   "expr: '" + FineQuery("rested") + "'\n",
	} {
		text, err := os.ReadFile("../../prometheus/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), want) {
			t.Errorf("prometheus/%s has no %q", file, want)
		}
	}
}

func TestFine(t *testing.T) {
	for _, test := range []struct {
		length, step time.Duration
		want         bool
	}{{time.Hour, 0, true}, {3 * time.Hour, 0, true}, {4 * time.Hour, 0, false}, {time.Hour, 5 * time.Second, false}} {
		s, got := Span{Start: noon, End: noon.Add(test.length), Step: test.step}.Fine()
		if got != test.want || got && s.Step != time.Second {
			t.Errorf("%+v: %t, in steps of %s", test, got, s.Step)
		}
	}
}

func TestBadAnswers(t *testing.T) {
	f := &fake{results: map[string]string{
		"none":    `{"resultType":"matrix","result":[]}`,
		"several": `{"resultType":"matrix","result":[{"metric":{"a":"1"},"values":[[1,"1"]]},{"metric":{"a":"2"},"values":[[1,"1"]]}]}`,
		"scalar":  `{"resultType":"scalar","result":[1,"1"]}`,
	}}
	c := f.client(t)
	gone, err := New(Options{URL: "http://127.0.0.1:1", Client: &http.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	span := Span{Start: noon, End: noon.Add(time.Hour), Step: 5 * time.Second}
	for _, test := range []struct {
		query  string
		client *Client
		kind   error
		want   string
	}{
		{"none", c, function.ErrNotFound, "has no samples from 2026-11-23T12:00:00Z to 2026-11-23T13:00:00Z"},
		{"several", c, function.ErrInvalid, `it gives 2 series, such as {a="1"} and {a="2"}: put sum(…) around it`},
		{"scalar", c, function.ErrInvalid, "it gives a scalar, and not one series over time"},
		{"bad(", c, function.ErrInvalid, "query bad(: parse error: unknown function"},
		{"x", gone, function.ErrUnavailable, "ask Prometheus at http://127.0.0.1:1: "},
	} {
		t.Run(test.query, func(t *testing.T) {
			_, _, err := test.client.Load(t.Context(), test.query, Anything, span)
			if err == nil || !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
	if _, err := New(Options{URL: "http://[::1"}); !errors.Is(err, function.ErrInvalid) {
		t.Errorf("a bad address gives %v", err)
	}
}

func TestSpan(t *testing.T) {
	for _, test := range []struct {
		length, step, want time.Duration
		err                string
	}{
		{time.Hour, 0, 10 * time.Second, ""},
		{48 * time.Hour, 0, 17 * time.Second, ""},
		{time.Hour, 15 * time.Second, 15 * time.Second, ""},
		{24 * time.Hour, time.Second, 0, "more than the 11000 that Prometheus gives: use a step of 9s or more"},
		{time.Hour, time.Hour, 0, "1h0m0s in steps of 1h0m0s are fewer than two"},
		{-time.Hour, 0, 0, "from 2026-11-23T12:00:00Z to 2026-11-23T11:00:00Z is no time: the end must come after the start"},
	} {
		got, err := Span{Start: noon, End: noon.Add(test.length), Step: test.step}.Check()
		switch {
		case test.err == "" && (err != nil || got.Step != test.want):
			t.Errorf("%s: a step of %s, %v, want %s", test.length, got.Step, err, test.want)
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("%s: got %v, want %s", test.length, err, test.err)
		}
	}
}

func TestLabels(t *testing.T) {
	f := &fake{results: map[string]string{
		`"f"`: `{"resultType":"vector","result":[
		{"metric":{"__name__":"gateway_service_min"},"value":[1,"2"]},
		{"metric":{"__name__":"gateway_service_count"},"value":[1,"9"]},
		{"metric":{"__name__":"gateway_service_target_load","scaling_type":"rps","instance":"a"},"value":[1,"12.5"]},
		{"metric":{"__name__":"gateway_service_target_load","scaling_type":"rps","instance":"b"},"value":[1,"12.5"]},
		{"metric":{"__name__":"gateway_service_target_load","scaling_type":"memory"},"value":[1,"268435456"]},
		{"metric":{"__name__":"gateway_service_target_load","scaling_type":"slots"},"value":[1,"4"]},
		{"metric":{"__name__":"gateway_service_down_window_seconds"},"value":[1,"300"]},
		{"metric":{"__name__":"gateway_service_zero_duration_seconds"},"value":[1,"900"]}]}`,
		`"other"`: `{"resultType":"vector","result":[]}`,
	}}
	c := f.client(t)
	got, err := c.Labels(t.Context(), "f", noon)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"com.openfaas.scale.min": "2", "com.openfaas.scale.type": "memory,rps",
		"com.openfaas.scale.target.rps": "12.5", "com.openfaas.scale.target.memory": "268435456",
		"com.openfaas.scale.slots":       "4",
		"com.openfaas.scale.down.window": "300s", "com.openfaas.scale.zero": "true", "com.openfaas.scale.zero-duration": "900s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	s, err := function.ParseScaling(got)
	if err != nil || s.Min != 2 || len(s.Signals) != 2 || s.Slots != 4 || s.DownWindow != 5*time.Minute || !s.Zero {
		t.Errorf("they are read as %+v, %v", s, err)
	}
	if _, err := c.Labels(t.Context(), "other", noon); !errors.Is(err, function.ErrNotFound) {
		t.Errorf("an unknown function gives %v", err)
	}
}

func TestServiceTime(t *testing.T) {
	vector := func(v string) string {
		return `{"resultType":"vector","result":[{"metric":{},"value":[1,"` + v + `"]}]}`
	}
	f := &fake{results: map[string]string{`"f"`: vector("0.25"), `"idle"`: vector("NaN"), `"none"`: `{"resultType":"vector","result":[]}`}}
	c := f.client(t)
	for name, want := range map[string]time.Duration{"f": 250 * time.Millisecond, "idle": 0, "none": 0} {
		got, err := c.ServiceTime(t.Context(), name, Span{Start: noon, End: noon.Add(time.Hour)})
		if err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, want)
		}
	}
}
