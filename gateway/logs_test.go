package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/api"
	"faas/function"
)

// logsFunc is what a test wants the logs to do.
type logsFunc func(context.Context, function.LogQuery, func(function.LogLine) error) error

func (f logsFunc) Logs(ctx context.Context, q function.LogQuery, emit func(function.LogLine) error) error {
	return f(ctx, q, emit)
}

// follow opens a log stream.
func (r *running) follow(t *testing.T, query string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/system/logs?"+query, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func TestLogQuery(t *testing.T) {
	var asked function.LogQuery
	g := start(t, newFakeBackend(aliased(status("func_echo"), "echo")), func(o *Options) {
		o.Logs = logsFunc(func(_ context.Context, q function.LogQuery, _ func(function.LogLine) error) error {
			asked = q
			return nil
		})
	})
	for _, c := range []struct {
		name, query string
		status      int
		says        string
		want        function.LogQuery
	}{
		{"least", "name=func_echo", 200, "", function.LogQuery{Name: "func_echo"}},
		{"as the stock client", "follow=true&name=func_echo&namespace=openfaas-fn&since=2026-11-22T20:30:00%2B01:00&tail=-1", 200, "", function.LogQuery{
			Name: "func_echo", Follow: true, Tail: -1, Since: time.Date(2026, 11, 22, 19, 30, 0, 0, time.UTC),
		}},
		{"all of it", "name=echo.openfaas-fn&namespace=&instance=a.1&tail=7&follow=0&since=2026-11-22T20:30:00.5Z", 200, "", function.LogQuery{
			Name: "func_echo", Instance: "a.1", Tail: 7, Since: time.Date(2026, 11, 22, 20, 30, 0, 5e8, time.UTC),
		}},
		{"the last value counts", "name=ghost&name=func_echo&tail=x&tail=2", 200, "", function.LogQuery{Name: "func_echo", Tail: 2}},
		{"no name", "tail=1", 422, "name", function.LogQuery{}},
		{"bad tail", "name=func_echo&tail=ten", 422, `tail "ten"`, function.LogQuery{}},
		{"bad since", "name=func_echo&since=yesterday", 422, `since "yesterday"`, function.LogQuery{}},
		{"bad follow", "name=func_echo&follow=maybe", 422, `follow "maybe"`, function.LogQuery{}},
		{"unknown function", "name=ghost", 404, "ghost", function.LogQuery{}},
		{"unknown namespace", "name=func_echo&namespace=dev", 404, "dev", function.LogQuery{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked = function.LogQuery{}
			res, body := g.do(t, "GET", "/system/logs?"+c.query, "")
			wantStatus(t, res, body, c.status)
			asked.Since = asked.Since.UTC()
			if diff := cmp.Diff(c.want, asked); diff != "" || !strings.Contains(body, c.says) {
				t.Errorf("says %q; asked for (-want +got):\n%s", body, diff)
			}
			kind := "application/x-ndjson"
			if c.status != 200 {
				kind = "text/plain; charset=utf-8"
			}
			if got := res.Header.Get("Content-Type"); got != kind {
				t.Errorf("type %q, want %q", got, kind)
			}
		})
	}
}

// TestLogsAreFlushedAsTheyCome reads line by line, past every time-out of the server, and uses the connection again.
func TestLogsAreFlushedAsTheyCome(t *testing.T) {
	next := make(chan struct{})
	at := time.Date(2026, 11, 22, 20, 30, 0, 123456789, time.FixedZone("", 3600))
	g := start(t, newFakeBackend(status("echo")), func(o *Options) {
		o.Config = DefaultConfig()
		o.Config.ReadTimeout, o.Config.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
		o.Logs = logsFunc(func(ctx context.Context, _ function.LogQuery, emit func(function.LogLine) error) error {
			for _, text := range []string{"one", "<two> & \xff", ""} {
				select {
				case <-next:
				case <-ctx.Done():
					return ctx.Err()
				}
				if err := emit(function.LogLine{Instance: "a.1", Time: at, Text: text}); err != nil {
					return err
				}
			}
			return nil
		})
	})
	res := g.follow(t, "name=echo&follow=true") // returns with the header, before any line
	lines := bufio.NewReader(res.Body)
	for _, want := range []string{"one", "<two> & \ufffd", ""} {
		began := time.Now()
		waitFor(t, "the time-outs to pass", func() bool { return time.Since(began) > 150*time.Millisecond })
		next <- struct{}{}
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		var got api.LogMessage
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(api.LogMessage{Name: "echo", Namespace: "openfaas-fn", Instance: "a.1", Timestamp: at.UTC(), Text: want}, got); diff != "" {
			t.Errorf("line (-want +got):\n%s", diff)
		}
	}
	if rest, err := io.ReadAll(lines); len(rest) != 0 || err != nil {
		t.Errorf("then %q, %v", rest, err)
	}
	res2, body := g.do(t, "GET", "/healthz", "")
	wantStatus(t, res2, body, 200)
}

func TestLogsThatBreakOffBreakTheConnection(t *testing.T) {
	g := start(t, newFakeBackend(status("echo")), func(o *Options) {
		o.Logs = logsFunc(func(_ context.Context, _ function.LogQuery, emit func(function.LogLine) error) error {
			return errors.Join(emit(function.LogLine{Text: "one"}), errors.New("the engine is away"))
		})
	})
	if _, err := io.ReadAll(g.follow(t, "name=echo").Body); err == nil {
		t.Error("a log without its end looks whole")
	}
}

// TestDrainEndsFollowedLogs checks that they end whole, and that a log which has an end of its own is let to it.
func TestDrainEndsFollowedLogs(t *testing.T) {
	for _, follow := range []string{"true", "false"} {
		var g *running
		g = start(t, newFakeBackend(status("echo")), func(o *Options) {
			o.Logs = logsFunc(func(ctx context.Context, q function.LogQuery, emit func(function.LogLine) error) error {
				if err := emit(function.LogLine{Text: "one"}); err != nil {
					return err
				}
				<-g.draining.Done()
				if q.Follow {
					<-ctx.Done()
				} else if err := emit(function.LogLine{Text: "two"}); err != nil {
					return err
				}
				return ctx.Err()
			})
		})
		res := g.follow(t, "name=echo&follow="+follow)
		lines := bufio.NewReader(res.Body)
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		stopped := make(chan error, 1)
		go func() { stopped <- g.stop() }()
		rest, err := io.ReadAll(lines)
		if err != nil || (len(rest) == 0) != (follow == "true") {
			t.Errorf("follow=%s: then %q, %v", follow, rest, err)
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	}
}

func TestClientThatLeftEndsItsLogs(t *testing.T) {
	ended := make(chan error, 1)
	g := start(t, newFakeBackend(status("echo")), func(o *Options) {
		o.Logs = logsFunc(func(ctx context.Context, _ function.LogQuery, _ func(function.LogLine) error) error {
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		})
	})
	g.follow(t, "name=echo&follow=true").Body.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// noLogs has none, and goes on having none.
var noLogs = logsFunc(func(ctx context.Context, q function.LogQuery, _ func(function.LogLine) error) error {
	if q.Follow {
		<-ctx.Done()
	}
	return ctx.Err()
})
