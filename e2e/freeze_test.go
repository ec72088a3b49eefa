package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"faas/api"
)

// TestFrozen freezes a function in each way that there is, under a load that wants more replicas: its count holds while
// everything that tells of it says frozen, and follows as soon as it is thawed.
func TestFrozen(t *testing.T) {
	type frost struct{ freeze, thaw func(context.Context) error }
	for name, of := range map[string]func(*Up) frost{
		"by a silence": func(sys *Up) frost {
			id := ""
			return frost{
				func(ctx context.Context) (err error) {
					id, err = silence(ctx, sys.Alertmanager(), "echoit")
					return err
				},
				func(ctx context.Context) error {
					return call(ctx, http.MethodDelete, sys.Alertmanager()+"/api/v2/silence/"+id, "", nil)
				},
			}
		},
		"by faas scale freeze": func(sys *Up) frost {
			return frost{
				func(ctx context.Context) error {
					_, err := sys.Command(ctx, "scale", "freeze", "echoit", "--for=10m", "--comment=a load test")
					return err
				},
				func(ctx context.Context) error {
					_, err := sys.Command(ctx, "scale", "unfreeze", "echoit")
					return err
				},
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sys := startSystem(t, fn{name: "echoit"}, fn{name: "other"})
			frost := of(sys)
			Play(t, sys, Scenario{
				At(0, Offer("echoit", 4)),
				At(0, Offer("other", 4)),
				At(1*second, Do("freeze echoit", frost.freeze)),
				At(3*second, Offer("echoit", 40)),
				At(3*second, Offer("other", 40)),
				During(0, 13*second, Stays("echoit", 1, 1)),
				Between(3*second, 7*second, Reaches("other", 9, 11)),
				At(10*second, Do("look", func(ctx context.Context) error { return looksFrozen(ctx, sys) })),
				At(13*second, Do("thaw echoit", frost.thaw)),
				Between(13*second, 15*second, Reaches("echoit", 9, 11)),
				At(20*second, Do("look", func(ctx context.Context) error { return looksThawed(ctx, sys) })),
				During(0, 22*second, NoFailedRequest("echoit")),
			})
			if text := sys.Log(); strings.Count(text, "frozen") != 1 || strings.Count(text, "thawed") != 1 {
				t.Errorf("faas up tells\n%s", text)
			}
		})
	}
}

// silence makes one of an hour for FunctionScale of function, as amtool does.
func silence(ctx context.Context, alertmanager, function string) (id string, err error) {
	var made struct {
		SilenceID string `json:"silenceID"`
	}
	now := time.Now().UTC()
	body := fmt.Sprintf(`{"matchers":[{"name":"alertname","value":"FunctionScale","isRegex":false},`+
		`{"name":"function_name","value":%q,"isRegex":false}],"startsAt":%q,"endsAt":%q,"createdBy":"me","comment":"a load test"}`,
		function, now.Format(time.RFC3339Nano), now.Add(time.Hour).Format(time.RFC3339Nano))
	return made.SilenceID, call(ctx, http.MethodPost, alertmanager+"/api/v2/silences", body, &made)
}

// call asks Alertmanager.
func call(ctx context.Context, method, url, body string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return errors.Join(err, fmt.Errorf("%s %s: %s: %s", method, url, res.Status, text))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// looksFrozen checks what tells that echoit is frozen, and other is not.
func looksFrozen(ctx context.Context, sys *Up) error {
	var frozen []api.FrozenFunction
	if err := sys.read(ctx, "/system/scale/frozen", &frozen); err != nil {
		return err
	}
	if len(frozen) != 1 || frozen[0].Function != "echoit" || !frozen[0].Up || !frozen[0].Down || frozen[0].Comment != "a load test" {
		return fmt.Errorf("frozen are %+v", frozen)
	}
	reason := "frozen by silence " + frozen[0].Silence + " until "
	if n, err := countEvents(ctx, sys, "freeze", "frozen", reason); n != 1 || err != nil {
		return errors.Join(err, fmt.Errorf("%d events say %q", n, reason))
	}
	state, err := stateInTop(ctx, sys)
	// With the day, where that is another one.
	want := fmt.Sprintf("%s (silence %.4s…)", frozen[0].Until.Local().Format("15:04"), frozen[0].Silence)
	if text, _, _ := strings.Cut(state, ", "); !strings.HasPrefix(text, "frozen until ") || !strings.HasSuffix(text, want) || err != nil {
		return errors.Join(err, fmt.Errorf("faas top says %q, want %q", state, want))
	}
	return nil
}

// looksThawed checks what tells that nothing is frozen any more.
func looksThawed(ctx context.Context, sys *Up) error {
	var frozen []api.FrozenFunction
	if err := sys.read(ctx, "/system/scale/frozen", &frozen); err != nil || len(frozen) > 0 {
		return errors.Join(err, fmt.Errorf("frozen are %+v", frozen))
	}
	if n, err := countEvents(ctx, sys, "freeze", "thawed", "thawed: "); n != 1 || err != nil {
		return errors.Join(err, fmt.Errorf("%d events say thawed", n))
	}
	state, err := stateInTop(ctx, sys)
	if strings.Contains(state, "frozen") || err != nil {
		return errors.Join(err, fmt.Errorf("faas top says %q", state))
	}
	return nil
}

// countEvents counts the entries of the decision log on echoit with these.
func countEvents(ctx context.Context, sys *Up, kind, code, reason string) (n int, err error) {
	events, err := sys.Events(ctx, "echoit")
	for _, e := range events {
		if text, _ := e["reason"].(string); e["kind"] == kind && e["code"] == code && strings.HasPrefix(text, reason) {
			n++
		}
	}
	return n, err
}

// stateInTop is what faas top says of echoit.
func stateInTop(ctx context.Context, sys *Up) (string, error) {
	out, err := sys.Command(ctx, "top", "--once", "-o", "json", "--metrics-url", strings.TrimSuffix(sys.Metrics(), "/metrics"), "--gateway", sys.Gateway())
	if err != nil {
		return "", err
	}
	var top struct {
		Functions []struct {
			Name, State string
		} `json:"functions"`
	}
	if err := json.Unmarshal([]byte(out), &top); err != nil {
		return "", err
	}
	for _, f := range top.Functions {
		if f.Name == "echoit" {
			return f.State, nil
		}
	}
	return "", fmt.Errorf("it has no echoit: %s", out)
}
