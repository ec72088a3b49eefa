package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"faas/api"
)

// browser is a person's, who is signed in to the portal.
type browser struct {
	sys    *Up
	cookie string

	mu        sync.Mutex
	hello     api.PortalHello
	rows      map[string]api.PortalRow
	decisions map[int64]api.ScaleEvent
	control   api.PortalControl
	alerts    api.PortalAlerts
	function  api.PortalFunction
	byes      int
}

// TestPortal uses the portal's endpoints as its pages do, under a load.
func TestPortal(t *testing.T) {
	t.Parallel()
	sys := startSystem(t, fn{name: "echoit"}, fn{name: "crunch", labels: []string{"type=cpu", "target=500"}})
	b := &browser{sys: sys, rows: map[string]api.PortalRow{}, decisions: map[int64]api.ScaleEvent{}}
	if err := b.signIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	watching, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.watch(watching) }()
	defer func() {
		stop()
		<-ended
	}()
	Play(t, sys, Scenario{
		At(0, Offer("echoit", 4)),
		At(4*second, Offer("echoit", 40)),
		Between(4*second, 8*second, Reaches("echoit", 9, 11)),
		At(12*second, Do("look at the stream", b.looksBusy)),
		At(13*second, Do("freeze echoit", func(ctx context.Context) error {
			return b.do(ctx, http.MethodPut, "/system/functions/echoit/freeze", `{"for":"10m","comment":"a look"}`, nil)
		})),
		At(16*second, Do("look at the silence", b.looksFrozen)),
		At(24*second, Do("look at the past", b.looksBack)),
		At(25*second, Offer("echoit", 0)),
		During(0, 25*second, NoFailedRequest("echoit")),
	})
	if err := b.preview(t.Context()); err != nil {
		t.Error(err)
	}
	if err := sys.Restart(t.Context(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil || b.byes != 1 {
		t.Errorf("the stream ended with %v, after %d goodbyes", err, b.byes)
	}
	ended <- nil
	if err := b.do(t.Context(), http.MethodGet, "/system/functions", "", nil); err != nil {
		t.Errorf("the session does not outlive a restart: %v", err)
	}
	if !strings.Contains(sys.Log(), sys.Gateway()+"/ui/") {
		t.Error("faas up does not tell where the portal is")
	}
}

func (b *browser) signIn(ctx context.Context) error {
	password, err := b.sys.password()
	if err != nil {
		return err
	}
	body := fmt.Sprintf(`{"user":"admin","password":%q}`, password)
	res, err := b.request(ctx, http.MethodPost, "/ui/session", body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent || len(res.Cookies()) != 1 {
		return fmt.Errorf("signed in with %s, cookies %v", res.Status, res.Cookies())
	}
	b.cookie = res.Cookies()[0].Name + "=" + res.Cookies()[0].Value
	return nil
}

// request asks as a script in the portal's page does.
func (b *browser) request(ctx context.Context, method, path, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, b.sys.Gateway()+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Cookie": b.cookie, "Origin": b.sys.Gateway(), "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty",
	} {
		req.Header.Set(name, value)
	}
	return b.sys.stream.Do(req)
}

func (b *browser) do(ctx context.Context, method, path, body string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	res, err := b.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %.300s (%w)", method, path, res.Status, text, err)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// watch takes in the stream until it ends.
func (b *browser) watch(ctx context.Context) error {
	res, err := b.request(ctx, http.MethodGet, "/system/portal/stream?function=echoit", "")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	name := ""
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			name = text
		}
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if err := b.take(name, []byte(text)); err != nil {
				return fmt.Errorf("event %s: %w", name, err)
			}
		}
	}
	return lines.Err()
}

func (b *browser) take(name string, data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch name {
	case "hello":
		return json.Unmarshal(data, &b.hello)
	case "functions":
		var f api.PortalFunctions
		if err := json.Unmarshal(data, &f); err != nil {
			return err
		}
		for _, r := range f.Rows {
			if r.Spark == nil {
				r.Spark = b.rows[r.Name].Spark
			}
			b.rows[r.Name] = r
		}
	case "decisions":
		var list []api.ScaleEvent
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
		for _, e := range list {
			b.decisions[e.ID] = e
		}
	case "decision":
		var e api.ScaleEvent
		if err := json.Unmarshal(data, &e); err != nil {
			return err
		}
		b.decisions[e.ID] = e
	case "control":
		return json.Unmarshal(data, &b.control)
	case "alerts":
		b.alerts = api.PortalAlerts{}
		return json.Unmarshal(data, &b.alerts)
	case "function":
		b.function = api.PortalFunction{}
		return json.Unmarshal(data, &b.function)
	case "bye":
		b.byes++
	default:
		return fmt.Errorf("it is none that there is: %s", data)
	}
	return nil
}

// looksBusy checks what the page shows of a load of 40 that echoit has, at 4.5 a replica.
func (b *browser) looksBusy(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	echoit, crunch := b.rows["echoit"], b.rows["crunch"]
	ordered := false
	for _, e := range b.decisions {
		ordered = ordered || e.Function == "echoit" && e.Applied && e.To > 4 && e.ReadyAfter != nil
	}
	f := b.function
	switch {
	case b.hello.Version == "" || b.hello.PrometheusURL == "" || b.hello.AlertmanagerURL == "" || !b.hello.Preview || !b.hello.Freeze:
		return fmt.Errorf("hello %+v", b.hello)
	case b.control != api.PortalControl{Loop: "ok", Rates: "ok", Alerts: "ok"}:
		return fmt.Errorf("control %+v", b.control)
	case !(echoit.RPS > 15 && echoit.RPS < 70) || !echoit.InFlight.Known() && echoit.P50.Known() || echoit.Ready < 9 || echoit.Invocations < 200:
		return fmt.Errorf("row %+v", echoit)
	case echoit.State != "ready" || echoit.Target != "5 rps" || len(echoit.Spark) != 60:
		return fmt.Errorf("row %+v", echoit)
	case crunch.State != "ready" || crunch.RPS > 0 || crunch.Target != "500m cpu":
		return fmt.Errorf("row %+v", crunch)
	case !ordered:
		return fmt.Errorf("no order among the decisions: %+v", b.decisions)
	case !f.Exists || len(f.Replicas) < 9 || f.Scaling.Wanted == nil || f.Status.InvocationCount < 200:
		return fmt.Errorf("function %+v", f)
	case !slices.ContainsFunc(b.alerts.Alerts, func(a api.PortalAlert) bool { return a.Name == "Heartbeat" && a.State == "active" }):
		return fmt.Errorf("alerts %+v", b.alerts)
	}
	return nil
}

func (b *browser) looksFrozen(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	frozen := b.rows["echoit"].Frozen
	switch {
	case frozen == nil || frozen.CreatedBy != "admin" || frozen.Comment != "a look" || strings.Contains(b.rows["echoit"].StateText, "frozen"):
		return fmt.Errorf("row %+v, frozen %+v", b.rows["echoit"], frozen)
	case len(b.alerts.Silences) != 1 || !slices.Equal(b.alerts.Silences[0].Functions, []string{"echoit"}):
		return fmt.Errorf("silences %+v", b.alerts.Silences)
	}
	return nil
}

// looksBack asks for the history, and holds it to the load that there was.
func (b *browser) looksBack(ctx context.Context) error {
	var h api.PortalHistory
	if err := b.do(ctx, http.MethodGet, "/system/portal/history/echoit?seconds=60", "", &h); err != nil {
		return err
	}
	most := func(all []api.Number) (m api.Number) {
		for _, n := range all {
			if n.Known() {
				m = max(m, n)
			}
		}
		return m
	}
	if a := most(h.Arrivals); !(a > 30 && a < 60) || most(h.Load) != a || h.Step != 1 || len(h.Arrivals) != len(h.Times) {
		return fmt.Errorf("arrivals up to %g, load up to %g, step %g", a, most(h.Load), h.Step)
	}
	if d, c := most(h.Desired), most(h.Capacity); d < 9 || d > 11 || c < 4.5*d-0.1 || c > 4.5*d+0.1 || most(h.Ready) < 9 {
		return fmt.Errorf("desired up to %g, capacity up to %g, ready up to %g", d, c, most(h.Ready))
	}
	if !(most(h.P99) > 0) || most(h.Errors) != 0 || !slices.ContainsFunc(h.Decisions, func(e api.ScaleEvent) bool { return e.To > 4 }) {
		return fmt.Errorf("p99 up to %g, errors up to %g, decisions %+v", most(h.P99), most(h.Errors), h.Decisions)
	}
	for _, length := range []int{900, 21600} { // other questions
		if err := b.do(ctx, http.MethodGet, fmt.Sprintf("/system/portal/history/crunch?seconds=%d", length), "", &h); err != nil {
			return err
		}
		if h.Unit != "millicores" || most(h.Capacity) != 450 {
			return fmt.Errorf("crunch: unit %q, capacity up to %g", h.Unit, most(h.Capacity))
		}
	}
	return nil
}

// preview asks what a target four times as high would have done.
func (b *browser) preview(ctx context.Context) error {
	var p api.PortalPreview
	began := time.Now()
	if err := b.do(ctx, http.MethodPost, "/system/portal/preview/echoit", `{"seconds":60,"scaling":{"target":20}}`, &p); err != nil {
		return err
	}
	most := func(o api.PreviewOutcome) int { return slices.Max(o.Desired) }
	if most(p.Before) < 8 || most(p.After) > 4 || p.After.ReplicaSeconds >= p.Before.ReplicaSeconds || p.Before.Changes == 0 {
		return fmt.Errorf("before up to %d and %g replica seconds, after up to %d and %g", most(p.Before), p.Before.ReplicaSeconds,
			most(p.After), p.After.ReplicaSeconds)
	}
	end := time.UnixMilli(p.Times[len(p.Times)-1])
	if n := len(p.Times); n != len(p.Arrivals) || n != len(p.After.Ready) || began.Sub(end).Abs() > 3*time.Second || p.Note == "" {
		return fmt.Errorf("%d times, the last at %s, note %q", n, end, p.Note)
	}
	return nil
}
