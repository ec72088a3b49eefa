package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"faas/function"
	"faas/gateway"
	"faas/internal/supervise"
	"faas/internal/top"
	"faas/scaler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFlags(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want string // of the error; empty: none
	}{
		{"the defaults", []string{"up"}, ""},
		{"no credentials on loopback", []string{"up", "--no-auth", "--listen", "[::1]:0"}, ""},
		{
			"no credentials for all",
			[]string{"up", "--no-auth", "--listen", ":8080"},
			"up: --no-auth with --listen :8080 would let everyone",
		},
		{"a bad level", []string{"up", "--log-level", "loud"}, "--log-level"},
		{"a bad format", []string{"up", "--log-format", "xml"}, "--log-format must be one of"},
		{"a negative drain", []string{"up", "--drain=-1s"}, "--drain -1s: it must not be negative"},
		{"no such directory", []string{"up", "--config-dir", "/nowhere"}, "/nowhere: no such file or directory"},
		{"top once as JSON", []string{"top", "--once", "-o", "json"}, ""},
		{"JSON without once", []string{"top", "-o", "json"}, "top: -o goes with --once"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var cli commands
			_, err := parser(&cli).Parse(test.args)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

// TestAddressesOfTop checks where top looks for the gateway and for the password.
func TestAddressesOfTop(t *testing.T) {
	running, empty := t.TempDir(), t.TempDir()
	if err := (addresses{Gateway: "127.0.0.1:81", Metrics: "127.0.0.1:82"}).write(running); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name             string
		args             []string
		gateway, metrics string
	}{
		{"of faas up", []string{"--data", running}, "http://127.0.0.1:81", "http://127.0.0.1:82"},
		{"nothing runs", []string{"--data", empty}, defaultGateway, defaultMetrics},
		{"a gateway elsewhere", []string{"--data", running, "--gateway=http://a"}, "http://a", defaultMetrics},
		{"both elsewhere", []string{"--gateway=http://a", "--metrics-url=http://b"}, "http://a", "http://b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var cli commands
			if _, err := parser(&cli).Parse(append([]string{"top"}, test.args...)); err != nil {
				t.Fatal(err)
			}
			gateway, metrics := cli.Top.urls()
			if gateway != test.gateway || metrics != test.metrics {
				t.Errorf("got %s and %s, want %s and %s", gateway, metrics, test.gateway, test.metrics)
			}
		})
	}
	c := gatewayFlags{Data: running, User: "admin"}
	file := filepath.Join(running, "secrets", "basic-auth-password")
	for _, sent := range []bool{true, false} {
		if err := c.refused(top.ErrCredentials, sent); !strings.Contains(err.Error(), file) {
			t.Errorf("%q does not name %s", err, file)
		}
	}
}

func TestRunsAlready(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{
		"faas runs here already (pid 7); stop it with Ctrl-C there, or give another --data",
		"faas runs here already (pid 7, http://127.0.0.1:81); stop it with Ctrl-C there, or give another --data",
	} {
		if got := runsAlready(&supervise.LockedError{Dir: dir, PID: "7"}).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if err := (addresses{Gateway: "127.0.0.1:81", Metrics: "127.0.0.1:82"}).write(dir); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRestored(t *testing.T) {
	var b bytes.Buffer
	s := system{out: newConsole(&b, nil)}
	status := func(name string, desired, least int) function.Status {
		return function.Status{Function: function.Function{Name: name}, Desired: desired, Scaling: function.Scaling{Min: least}}
	}
	s.tellRestored([]function.Status{status("new", 1, 1), status("echoit", 12, 1), status("many", 3, 3), status("zero", 1, 0)})
	want := "TIME  echoit            restored   12 replicas, as it was when faas stopped\n"
	if diff := cmp.Diff(want, untimed(&b)); diff != "" {
		t.Error(diff)
	}
}

// TestEnvironment checks that every flag of up can be set by a variable of its own name.
func TestEnvironment(t *testing.T) {
	var cli commands
	for _, command := range parser(&cli).Model.Children {
		if command.Name != "up" {
			continue
		}
		for _, f := range command.Flags {
			want := "FAAS_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
			if f.Name != "help" && !cmp.Equal(f.Envs, []string{want}) {
				t.Errorf("--%s has the variables %v, want %s", f.Name, f.Envs, want)
			}
		}
	}
}

func TestDrain(t *testing.T) {
	for _, test := range []struct {
		name        string
		flag        []string
		environment string // drain_timeout
		want        time.Duration
	}{
		{"the default", nil, "", 10 * time.Second},
		{"the gateway's own variable", nil, "20", 20 * time.Second},
		{"the flag wins", []string{"--drain=5s"}, "20", 5 * time.Second},
		{"the flag may be 0", []string{"--drain=0s"}, "20", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var cli commands
			if _, err := parser(&cli).Parse(append([]string{"up"}, test.flag...)); err != nil {
				t.Fatal(err)
			}
			config, err := cli.Up.gatewayConfig(func(name string) (string, bool) {
				if name == "drain_timeout" {
					return test.environment, true
				}
				return "", false
			})
			if err != nil || config.DrainTimeout != test.want {
				t.Errorf("drains for %s (%v), want %s", config.DrainTimeout, err, test.want)
			}
		})
	}
}

// TestHelpNamesTheEnvironment checks that the help of up names every variable that the gateway asks for.
func TestHelpNamesTheEnvironment(t *testing.T) {
	help := (&upCommand{}).Help()
	_, err := gateway.ConfigFromEnv(func(name string) (string, bool) {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(help) {
			t.Errorf("%s is not in %q", name, help)
		}
		return "", false
	})
	if err != nil {
		t.Error(err)
	}
}

// TestRequestsThatOutliveTheDrain checks that they fail nothing, and hide nothing that does.
func TestRequestsThatOutliveTheDrain(t *testing.T) {
	late := fmt.Errorf("gateway: drain requests in 5s: %w", context.DeadlineExceeded)
	broken := errors.New("broken")
	for _, test := range []struct {
		name    string
		running bool // the gateway ended by itself
		err     error
		want    error
		printed string
	}{
		{"all were answered", false, nil, nil, ""},
		{"one was not", false, errors.Join(errors.Join(late, nil), nil), nil, "TIME  gateway           cut off    requests that were still in flight after 5s\n"},
		{"and more is wrong", false, errors.Join(late, broken), broken, "TIME  gateway           cut off    requests that were still in flight after 5s\n"},
		{"only something else is wrong", false, broken, broken, ""},
		{"it was not told to end", true, late, late, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			s := system{out: newConsole(&b, nil), drain: 5 * time.Second}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if !test.running {
				cancel()
			}
			got := s.serve(ctx, func(context.Context) error { return test.err })
			same := errors.Is(test.want, context.DeadlineExceeded) == errors.Is(got, context.DeadlineExceeded)
			if (got == nil) != (test.want == nil) || !errors.Is(got, test.want) || !same {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if diff := cmp.Diff(test.printed, untimed(&b)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCredentialsAreMadeOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	first, err := makeCredentials(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(first.Password) || first.User != "admin" {
		t.Errorf("made %+v", first)
	}
	info, err := os.Stat(filepath.Join(dir, gateway.PasswordFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the password's file: %v, %v", info, err)
	}
	second, err := makeCredentials(dir)
	if err != nil || *second != *first {
		t.Errorf("the second time %+v, %v, want the same as before", second, err)
	}
}

// untimed is what was printed, without the times of day.
func untimed(b *bytes.Buffer) string {
	return regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d`).ReplaceAllString(b.String(), "TIME")
}

func TestConsole(t *testing.T) {
	var b bytes.Buffer
	c := newConsole(&b, nil)
	c.hold()
	c.scaled(time.Now(), "echoit", 1, 12, "ordered 12")
	c.print("first")
	c.release()
	c.trouble("Prometheus", "refused", "its configuration:\n  line 3")
	c.change("faas", "stopped", "")
	c.trouble("evil\a", "blocked\r", "it said \x1b[2J\x1b]0;title\a\u009b31m\tö\n  line\r2")
	want := `first
TIME  echoit            1 → 12     ordered 12
TIME  Prometheus        refused    its configuration:
  line 3
TIME  faas              stopped
TIME  evil              blocked    it said  [2J ]0;title  31m ö
  line 2
`
	if diff := cmp.Diff(want, untimed(&b)); diff != "" {
		t.Error(diff)
	}
}

func TestBoardTells(t *testing.T) {
	var b bytes.Buffer
	board := newStatusBoard(newConsole(&b, nil))
	see := func(functions ...string) {
		var all []function.Status
		for _, f := range functions {
			name, blocked, _ := strings.Cut(f, " ")
			all = append(all, function.Status{Function: function.Function{Name: name}, Desired: 1, Blocked: blocked})
		}
		board.see(all)
	}
	changed := board.changed()
	see("a", "b")
	<-changed
	if got := unready(board.functions()); !cmp.Equal(got, []string{"a", "b"}) {
		t.Errorf("without a replica are %v", got)
	}
	see("a", "b crash loop")
	if got := unready(board.functions()); !cmp.Equal(got, []string{"a"}) {
		t.Errorf("worth waiting for are %v", got)
	}
	board.open()
	see("a", "b crash loop (2 in a row)", "c")
	see("a", "b crash loop", "c crash loop: \x1b[2Jbye\nTIME  a  running")
	see("b")
	want := `TIME  b                 blocked    crash loop
TIME  c                 deployed
TIME  c                 blocked    crash loop:  [2Jbye TIME  a  running
TIME  b                 running    replicas start again
TIME  a                 removed
TIME  c                 removed
`
	if diff := cmp.Diff(want, untimed(&b)); diff != "" {
		t.Error(diff)
	}
}

func TestDecisionsAreTold(t *testing.T) {
	events := []scaler.Event{
		{Kind: scaler.KindHeartbeat, Status: "firing", Reason: "alive"},
		{Kind: scaler.KindAlert, Function: "a", From: 1, To: 3, Applied: true, Code: scaler.CodeScaled, Reason: "ordered 3"},
		{Kind: scaler.KindAlert, Function: "a", From: 3, To: 3, Code: scaler.CodeUnchanged, Reason: "already at 3"},
		{Kind: scaler.KindManual, Function: "b", Code: scaler.CodeFailed, Reason: "backend away"},
		{Kind: scaler.KindBlocked, Function: "b", Status: "firing", Code: scaler.CodeBlocked, Reason: "the board tells this"},
		{Kind: scaler.KindAlert, Function: "b", Code: scaler.CodeBlocked, Reason: "at 1: replicas cannot start: as above"},
		{Kind: scaler.KindFreeze, Function: "b", Code: scaler.CodeFrozen, Reason: "frozen upwards by silence s"},
		{Kind: scaler.KindAlert, Function: "b", Code: scaler.CodeFrozen, Reason: "frozen upwards by silence s"},
		{Kind: scaler.KindFreeze, Function: "b", Code: scaler.CodeThawed, Reason: "thawed: silence s was ended"},
		{Kind: scaler.KindHeartbeat, Reason: "no alert for 15s"},
	}
	var b bytes.Buffer
	out := newConsole(&b, nil)
	for _, e := range events {
		tellDecision(out, e)
	}
	want := `TIME  control loop      alive      Prometheus and Alertmanager reach the gateway
TIME  a                 1 → 3      ordered 3
TIME  b                 failed     backend away
TIME  b                 frozen     upwards by silence s
TIME  b                 thawed     silence s was ended
TIME  control loop      lost       no alert for 15s
`
	if diff := cmp.Diff(want, untimed(&b)); diff != "" {
		t.Error(diff)
	}
}

func TestWelcome(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	dir, err := os.Getwd() // with links resolved
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	s := system{
		out: newConsole(&b, nil), data: filepath.Join(dir, ".faas"), bin: filepath.Join(dir, "bin"),
		credentials: &gateway.Credentials{User: "admin"},
		addresses:   addresses{Gateway: "127.0.0.1:8080", Metrics: "127.0.0.1:8082", Prometheus: "127.0.0.1:9090", Alertmanager: "127.0.0.1:9093"},
	}
	s.welcome(1234*time.Millisecond, []function.Status{{Function: function.Function{Name: "a"}}, {Function: function.Function{Name: "echoit"}}})
	want := `faas is up, ready in 1.2 s

  gateway       http://127.0.0.1:8080
  portal        http://127.0.0.1:8080/ui/
  credentials   user admin, password in .faas/secrets/basic-auth-password
  metrics       http://127.0.0.1:8082/metrics
  Prometheus    http://127.0.0.1:9090
  Alertmanager  http://127.0.0.1:9093
  logs          .faas/logs
  functions     a echoit

Try:
  curl -d hello http://127.0.0.1:8080/function/echoit
  bin/hey -z 30s -c 10 -q 5 http://127.0.0.1:8080/function/echoit
  bin/faas top

`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}
