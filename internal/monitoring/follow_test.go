package monitoring

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"faas/internal/supervise"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs one of the real servers until the test ends, and returns once it is ready.
func start(t *testing.T, dir, name string, args ...string) Server {
	t.Helper()
	binary, err := filepath.Abs("../../bin/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("%v: `make binaries` builds it", err)
	}
	addr := freeAddr(t)
	s := Server{Name: name, Folder: name, Address: addr, LogFile: filepath.Join(dir, name+".log")}
	p, err := supervise.NewProgram(supervise.ProgramOptions{
		Name: name, Path: binary, LogFile: s.LogFile, ReadyURL: "http://" + addr + "/-/ready",
		Args: append(args, "--web.listen-address="+addr),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	select {
	case <-p.Ready():
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	return s
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// TestFollowRealServers edits the rules and the receivers under a real Prometheus and a real Alertmanager.
func TestFollowRealServers(t *testing.T) {
	from, dir := t.TempDir(), t.TempDir()
	for name, file := range source() {
		if err := write(filepath.Join(from, name), file.Data); err != nil {
			t.Fatal(err)
		}
	}
	put := func(name, text string) {
		t.Helper()
		if err := write(filepath.Join(from, name), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	put(AlertmanagerFile, "route: {receiver: gateway}\n"+alertmanagerYAML)
	local := setting
	local.PasswordFile = filepath.Join(dir, "password")
	reports := make(chan string, 8)
	follower := Follower{
		Source: from, Dir: dir, Setting: local, Interval: 20 * time.Millisecond,
		Report: func(server string, err error) { reports <- fmt.Sprint(server, ": ", err) },
	}
	if err := follower.Render(); err != nil {
		t.Fatal(err)
	}
	follower.Servers = []Server{
		start(t, dir, "prometheus", "--config.file="+filepath.Join(dir, PrometheusFile),
			"--storage.tsdb.path="+filepath.Join(dir, "tsdb"), "--web.enable-lifecycle"),
		start(t, dir, "alertmanager", "--config.file="+filepath.Join(dir, AlertmanagerFile),
			"--storage.path="+filepath.Join(dir, "am"), "--cluster.listen-address="),
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- follower.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	for _, step := range []struct {
		name, file, text string
		want             []string
	}{
		{
			"a good rule", "prometheus/rules/a.yml", "groups: [{name: a, rules: [{record: b, expr: vector(1)}]}]\n",
			[]string{"prometheus: <nil>"},
		},
		{
			"a broken rule", "prometheus/rules/a.yml", "groups: [{name: a, rules: [{record: b, expr: 'sum(('}]}]\n",
			[]string{
				"prometheus: " + from + "/prometheus/rules/a.yml: 1:",
				"parse error: unclosed left parenthesis",
			},
		},
		{"mended", "prometheus/rules/a.yml", "groups: []\n", []string{"prometheus: <nil>"}},
		{
			"a receiver that is not there", AlertmanagerFile, "route: {receiver: nobody}\n" + alertmanagerYAML,
			[]string{"alertmanager: ", `undefined receiver "nobody" used in route`},
		},
		{
			"no YAML", PrometheusFile, "scrape_configs: [",
			[]string{"prometheus: render prometheus/prometheus.yml: yaml: line 1"},
		},
	} {
		put(step.file, step.text)
		select {
		case got := <-reports:
			for _, want := range step.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s: reported\n%s\nwant\n%s", step.name, got, want)
				}
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: nothing reported within 10s", step.name)
		}
	}
}

func TestLogValue(t *testing.T) {
	for _, test := range []struct{ name, line, want string }{
		{"quoted", `level=ERROR msg="x" err="a \"b\" c"`, `a "b" c`},
		{"bare", `level=error err=broken component=x`, "broken"},
		{"absent", `level=error msg=x`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := logValue(test.line, "err"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
