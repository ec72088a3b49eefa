package swarm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faas/api"
	"faas/e2e"
	"faas/scaler"
)

// TestPair has two of everything scale functions as one of everything does, loses one of each, and then hears nothing
// any more. That each change of a count is in the log of exactly one gateway is held by Play itself.
//
// 80 rps at a target of 20 and a proportion of 0.9 need ceil(80/18) = 5; what is measured in a fraction of a second may
// be one more.
func TestPair(t *testing.T) {
	began := time.Now()
	p := startPair(t)
	const step, slots, late = "pair-step", "pair-slots", "pair-late"
	// A request takes 0.3 s and a replica two at once: 20 rps are 6 at once, which need 3.
	busy := echo(slots, map[string]string{"type": "capacity", "target": "2", "target-proportion": "1", "slots": "2", "max": "4", "down.window": "1m"})
	busy.EnvProcess = "sh -c 'sleep 0.3; cat'"
	p.deploy(t, server(step, map[string]string{"target": "20", "down.window": "10s"}),
		server(late, map[string]string{"target": "20", "down.window": "10s"}), busy)
	for i := range p.gateways {
		p.await(t, i, "alive")
	}
	t.Logf("ready after %s", time.Since(began).Round(10*time.Millisecond))
	began = time.Now()
	var cut, back time.Time
	const end = 42 * second
	e2e.Play(t, p, e2e.Scenario{
		// Both of each.
		e2e.At(0, e2e.Offer(step, 80)),
		e2e.At(0, e2e.Offer(slots, 20)),
		e2e.Between(0, 6*second, e2e.Reaches(step, 5, 6)),
		e2e.Between(0, 7*second, e2e.Reaches(slots, 3, 4)),
		e2e.At(6*second, e2e.Offer(step, 0)),
		e2e.At(7*second, p.agree(t, &began)),

		// One of each.
		e2e.At(7*second, p.kill("prometheus", 0)),
		e2e.At(7*second, p.kill("alertmanager", 0)),
		e2e.At(7*second, p.lose(1)),
		e2e.At(9*second, e2e.Offer(late, 120)),
		e2e.Between(9*second, 14*second, e2e.Reaches(late, 6, 8)), // 120 / 18
		e2e.At(12*second, e2e.Do("start gateway 2 again", func(ctx context.Context) error { return p.restart(ctx, 1, &back) })),
		e2e.Between(20*second, 28*second, e2e.Reaches(step, 1, 1)),
		e2e.During(0, end, e2e.Stays(step, 1, 6)),
		e2e.During(0, end, e2e.Turns(step, 1)),

		// No heartbeat.
		e2e.At(21*second, e2e.Do("wait until gateway 2 hears that the loop is alive, and for the step down", func(ctx context.Context) error {
			p.await(t, 1, "alive")
			return p.gateways[1].WaitFor(ctx, step, 8*second, func(c e2e.Count) bool { return c.Desired == 1 })
		})),
		e2e.At(21*second, p.agree(t, &back)),
		e2e.At(21*second, e2e.Do("kill the last Alertmanager", func(ctx context.Context) error {
			cut = time.Now()
			_, err := p.engine.Docker(ctx, "kill", name("alertmanager", 1))
			return err
		})),
		e2e.At(21*second, e2e.Do("wait until both gateways say that the loop is lost", func(ctx context.Context) error {
			return p.lost(ctx, t, &cut)
		})),
		e2e.At(30*second, e2e.Offer(late, 240)),
		e2e.At(35*second, e2e.Offer(late, 20)),
		e2e.During(30*second, end, e2e.Holds(late)),

		e2e.During(0, end, e2e.NoFailedRequest(step)),
		e2e.During(0, end, e2e.NoFailedRequest(slots)),
		e2e.During(0, end, e2e.NoFailedRequest(late)),
	})
}

// deploy runs functions for the length of the test and returns once both gateways know the first replica of each.
func (p *pair) deploy(t *testing.T, all ...api.FunctionDeployment) {
	t.Helper()
	for _, d := range all {
		if err := p.gateways[0].Deploy(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*second) // the test's own has ended
			defer cancel()
			if err := p.gateways[0].Remove(ctx, d.Service); err != nil {
				t.Error(err)
			}
		})
	}
	for _, d := range all {
		for _, g := range p.gateways {
			if err := g.WaitFor(t.Context(), d.Service, 30*second, func(c e2e.Count) bool { return c.Ready > 0 }); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// lose is an action that ends a gateway with SIGKILL, as a load balancer has learnt an instant before.
func (p *pair) lose(i int) e2e.Action {
	return e2e.Do(fmt.Sprint("kill gateway ", i+1), func(ctx context.Context) error {
		p.serving[i].Store(false)
		answered := time.NewTimer(500 * time.Millisecond)
		defer answered.Stop()
		select {
		case <-answered.C:
		case <-ctx.Done():
		}
		_, err := p.engine.Docker(ctx, "kill", name("gateway", i))
		return err
	})
}

// restart starts a gateway that was lost, and sends it requests when it answers. A moment after that, which back becomes,
// the other knows its address.
func (p *pair) restart(ctx context.Context, i int, back *time.Time) error {
	if _, err := p.engine.Docker(ctx, "start", name("gateway", i)); err != nil {
		return err
	}
	var err error
	if !e2e.Poll(10*second, func() bool { _, err = p.gateways[i].Functions(ctx); return err == nil }) {
		return err
	}
	p.serving[i].Store(true)
	*back = time.Now().Add(2 * second)
	return nil
}

// agree is an action that compares the gateways' logs: what one has applied by an order of Alertmanager since a moment,
// the other was ordered as well, and did not apply.
func (p *pair) agree(t *testing.T, since *time.Time) e2e.Action {
	return e2e.Do("compare the logs", func(ctx context.Context) error {
		var told string
		var err error
		e2e.Poll(2*second, func() bool { told, err = p.compare(ctx, *since); return err == nil })
		t.Log(told)
		return err
	})
}

func (p *pair) compare(ctx context.Context, since time.Time) (string, error) {
	var logs [2][]scaler.Event
	for i, g := range p.gateways {
		var err error
		if logs[i], err = g.Decisions(ctx, true); err != nil {
			return "", err
		}
	}
	var errs []error
	codes := map[scaler.Code]int{}
	for i, log := range logs {
		for _, e := range log {
			if !e.Applied || e.Kind != scaler.KindAlert || e.Time.Before(since) {
				continue
			}
			other, ok := sameOrder(logs[1-i], e)
			if !ok || other.Applied {
				errs = append(errs, fmt.Errorf("gateway %d applied %+v, and the other has %+v (%v)", i+1, e, other, ok))
				continue
			}
			codes[other.Code]++
		}
	}
	if len(codes) == 0 {
		errs = append(errs, errors.New("no change was made"))
	}
	return fmt.Sprintf("changes, by what the log of the other gateway says of them: %v", codes), errors.Join(errs...)
}

// sameOrder finds what became of the order behind e in another log.
func sameOrder(log []scaler.Event, e scaler.Event) (found scaler.Event, ok bool) {
	for _, o := range log {
		if o.Function == e.Function && o.Kind == e.Kind && o.Alert == e.Alert && o.Wanted == e.Wanted && o.StartsAt.Equal(e.StartsAt) &&
			o.Status == e.Status && (!ok || o.Applied) {
			found, ok = o, true
		}
	}
	return found, ok
}

// lost waits until each gateway says everywhere that it hears nothing.
func (p *pair) lost(ctx context.Context, t *testing.T, cut *time.Time) error {
	var errs []error
	for i := range p.gateways {
		for where, says := range map[string]func(context.Context, int) (string, error){
			"/healthz": p.health, "the metric": p.metric, "faas top": p.top,
			"the log": func(ctx context.Context, i int) (string, error) { return p.log(ctx, "gateway", i), nil },
		} {
			var text string
			var err error
			ok := e2e.Poll(time.Until(cut.Add(20*second)), func() bool {
				text, err = says(ctx, i)
				return err == nil && strings.Contains(text, "control loop lost") && strings.Contains(text, "counts are held")
			})
			if !ok {
				errs = append(errs, fmt.Errorf("gateway %d, %s: not 20 s after the last Alertmanager went: %s, %w", i+1, where, text, err))
			}
		}
	}
	t.Logf("all said so %s after the last Alertmanager went", time.Since(*cut).Round(10*time.Millisecond))
	return errors.Join(errs...)
}

func (p *pair) health(ctx context.Context, i int) (string, error) {
	var h struct {
		ControlLoop string `json:"control_loop"`
	}
	text, err := get(ctx, p.gateways[i].Gateway()+"/healthz")
	if err != nil {
		return "", err
	}
	err = json.Unmarshal([]byte(text), &h)
	return h.ControlLoop, err
}

// metric is what the gauge means, in the words of the others.
func (p *pair) metric(ctx context.Context, i int) (string, error) {
	text, err := get(ctx, p.metrics(i)+"/metrics")
	if strings.Contains(text, "\ngateway_control_loop_up 0\n") {
		return "control loop lost; all replica counts are held", err
	}
	return "gateway_control_loop_up is not 0", err
}

func (p *pair) top(ctx context.Context, i int) (string, error) {
	out, err := exec.CommandContext(ctx, "../../bin/faas", "top", "--once", "--gateway", p.gateways[i].Gateway(),
		"--metrics-url", p.metrics(i), "--password-file", filepath.Join(p.dir, "secrets", "basic-auth-password")).CombinedOutput()
	return string(out), err
}

func (p *pair) metrics(i int) string { return fmt.Sprintf("http://127.0.0.1:%d", p.ports[2*i+1]) }

// get reads what anybody may.
func get(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }() // only read
	text, err := io.ReadAll(res.Body)
	return string(text), err
}
