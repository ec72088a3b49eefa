package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"faas/api"
	"faas/e2e"
	"faas/e2e/stock"
	"faas/internal/apitest"
)

// tunedUnderLoad changes how a function scales while it is called, again and again. No call may notice, and no replica be
// replaced: only the counts follow.
func tunedUnderLoad(t *test) {
	c := t.client(stock.Age2025)
	s := t.spec("tuned", "cat")
	s.Labels = map[string]string{"com.openfaas.scale.target": "1000", "com.openfaas.scale.down.window": "10s", "team": "a"}
	t.deploy(c, s)
	set := func(patch string) e2e.Action {
		return e2e.Do("set "+patch, func(ctx context.Context) error {
			_, err := t.scaling(ctx, http.MethodPatch, s.Name, patch)
			return err
		})
	}
	const end = 30 * second
	scenario := e2e.Scenario{
		e2e.At(0, e2e.Offer(s.Name, 26)),
		e2e.During(0, 3*second, e2e.Stays(s.Name, 1, 1)),
		// 26 a second by 10, of which 9 are planned for: nearly three whole replicas, which is no chance.
		e2e.At(3*second, set(`{"target":10,"max":4}`)),
		e2e.Between(3*second, 12*second, e2e.Serves(s.Name, 3)),
		e2e.At(12*second, set(`{"max":2}`)),
		e2e.Between(12*second, 18*second, e2e.Reaches(s.Name, 2, 2)),
		e2e.At(18*second, set(`{"min":4,"max":null}`)),
		e2e.Between(18*second, end, e2e.Serves(s.Name, 4)),
		e2e.At(end, e2e.Offer(s.Name, 0)),
		e2e.During(0, end, e2e.NoFailedRequest(s.Name)),
	}
	for n := range 20 { // which order nothing
		scenario = append(scenario, e2e.At(4*second+time.Duration(n)*second/3, set(fmt.Sprintf(`{"factor":%d}`, n+1))))
	}
	e2e.Play(t, t.System.System, scenario)
	t.explained(s.Name)
	f, err := c.Describe(t.Context(), s.Name, "")
	t.must("describe", err)
	if f.Labels == nil {
		t.Fatal("it has no labels")
	}
	labels := *f.Labels
	want := map[string]string{
		"com.openfaas.scale.target": "10", "com.openfaas.scale.down.window": "10s", "com.openfaas.scale.min": "4",
		"com.openfaas.scale.factor": "20", "team": "a",
	}
	for key, value := range want {
		if labels[key] != value {
			t.Errorf("label %s is %q, want %q", key, labels[key], value)
		}
	}
	if _, there := labels["com.openfaas.scale.max"]; there {
		t.Errorf("a label that was taken away is there: %v", labels)
	}
	t.refusesScaling(s.Name)
}

// explained holds what is told of a function with 4 replicas and no load.
func (t *test) explained(name string) {
	var got api.FunctionScaling
	t.eventually("the rules tell of it", func() (err error) {
		got, err = t.scaling(t.Context(), http.MethodGet, name, "")
		if err == nil && (got.Wanted == nil || len(got.Signals) != 1 || got.Signals[0].Load == nil || got.More != "no: there is no load") {
			err = fmt.Errorf("%+v", got)
		}
		return err
	})
	if got.Fewer != "at min 4" || got.ControlLoop != "ok" || len(got.Decisions) < 3 {
		t.Errorf("got %+v", got)
	}
}

func (t *test) refusesScaling(name string) {
	_, err := t.scaling(t.Context(), http.MethodPatch, name, `{"max":"many","speed":1,"window":"7s"}`)
	for _, field := range []string{"max", "speed", "window"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("a bad patch: %v, want an error that names %s", err, field)
		}
	}
	if _, err := t.scaling(t.Context(), http.MethodGet, "nobody-"+name, ""); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("of nobody: %v, want 404", err)
	}
}

// scaling asks for a function's scaling, or changes it. No stock client knows how.
func (t *test) scaling(ctx context.Context, method, name, body string) (s api.FunctionScaling, err error) {
	req, err := http.NewRequestWithContext(ctx, method, t.Gateway()+"/system/functions/"+name+"/scaling", bytes.NewReader([]byte(body)))
	if err != nil {
		return s, err
	}
	req.SetBasicAuth(t.User, t.Password)
	transport := &apitest.Transport{
		Spec: t.described, Base: &http.Transport{DisableKeepAlives: true}, Report: func(err error) { t.Error(err) },
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return s, err
	}
	defer func() { _ = res.Body.Close() }() // only read
	text, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return s, err
	case res.StatusCode != http.StatusOK:
		return s, fmt.Errorf("%s: %s", res.Status, text)
	}
	return s, json.Unmarshal(text, &s)
}
