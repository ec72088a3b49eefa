package monitoring

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const prometheusYAML = `# about gateway:8082
rule_files:
  - rules/*.yml
alerting:
  alertmanagers:
    - static_configs:
        - targets: ["alertmanager:9093"]
scrape_configs:
  - job_name: gateway-scaling
    static_configs: &gateways
      - targets: ["gateway:8082", "my-gateway:8082"]
  - job_name: gateway
    static_configs: *gateways
`

// swarmYAML finds the gateways as they are found on a Swarm.
const swarmYAML = `alerting:
  alertmanagers:
    - static_configs:
        - targets: ["alertmanager:9093"]
scrape_configs:
  - job_name: gateway-scaling
    dns_sd_configs: &gateways
      - names: [gateway]
        type: A
        port: 8082
        refresh_interval: 5s
  - job_name: gateway
    dns_sd_configs: *gateways
  - job_name: replicas
    http_sd_configs:
      - url: http://gateway:8082/sd/replicas
  - job_name: theirs
    dns_sd_configs:
      - names: [tasks.other]
        type: A
        port: 8082
  - job_name: prometheus
    static_configs:
      - targets: ["prometheus:9090"]
`

const alertmanagerYAML = `receivers:
  - name: gateway
    webhook_configs:
      - url: http://gateway:8080/system/alert
        http_config:
          basic_auth:
            username: admin
            password_file: /run/secrets/basic-auth-password
`

func source() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		PrometheusFile:                file(prometheusYAML),
		AlertmanagerFile:              file(alertmanagerYAML),
		"prometheus/rules/a.yml":      file("groups: [] # gateway:8082\n"),
		"prometheus/tests/a_test.yml": file("left: out\n"),
	}
}

var setting = Setting{
	Gateway: "127.0.0.1:18080", Metrics: "127.0.0.1:18082", Prometheus: "127.0.0.1:19090", Alertmanager: "127.0.0.1:19093",
	User: "somebody", PasswordFile: "/data/secrets/basic-auth-password",
}

func TestRender(t *testing.T) {
	dir := t.TempDir()
	if err := Render(source(), dir, setting); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		PrometheusFile: `# Made by faas up from prometheus.yml: changes here are lost.
# about gateway:8082
rule_files:
  - rules/*.yml
alerting:
  alertmanagers:
    - static_configs:
        - targets: ["127.0.0.1:19093"]
scrape_configs:
  - job_name: gateway-scaling
    static_configs: &gateways
      - targets: ["127.0.0.1:18082", "my-gateway:8082"]
  - job_name: gateway
    static_configs: *gateways
`,
		AlertmanagerFile: `# Made by faas up from alertmanager.yml: changes here are lost.
receivers:
  - name: gateway
    webhook_configs:
      - url: http://127.0.0.1:18080/system/alert
        http_config:
          basic_auth:
            username: somebody
            password_file: /data/secrets/basic-auth-password
`,
		"prometheus/rules/a.yml": "groups: [] # gateway:8082\n",
	}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Error(diff)
	}

	without := source()
	delete(without, "prometheus/rules/a.yml")
	open := setting
	open.User, open.PasswordFile = "", ""
	if err := Render(without, dir, open); err != nil {
		t.Fatal(err)
	}
	delete(want, "prometheus/rules/a.yml")
	before, _, _ := strings.Cut(want[AlertmanagerFile], "        http_config")
	want[AlertmanagerFile] = before
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Errorf("without credentials, and a rule file less: %s", diff)
	}
}

func TestRenderFindsTheGatewayHere(t *testing.T) {
	dir, files := t.TempDir(), source()
	files[PrometheusFile].Data = []byte(swarmYAML)
	if err := Render(files, dir, setting); err != nil {
		t.Fatal(err)
	}
	want := `# Made by faas up from prometheus.yml: changes here are lost.
alerting:
  alertmanagers:
    - static_configs:
        - targets: ["127.0.0.1:19093"]
scrape_configs:
  - job_name: gateway-scaling
    static_configs: &gateways
      - targets: ["127.0.0.1:18082"]
  - job_name: gateway
    static_configs: *gateways
  - job_name: replicas
    http_sd_configs:
      - url: http://127.0.0.1:18082/sd/replicas
  - job_name: theirs
    dns_sd_configs:
      - names: [tasks.other]
        type: A
        port: 8082
  - job_name: prometheus
    static_configs:
      - targets: ["127.0.0.1:19090"]
`
	if diff := cmp.Diff(want, tree(t, dir)[PrometheusFile]); diff != "" {
		t.Error(diff)
	}
}

func TestRenderRefuses(t *testing.T) {
	for _, test := range []struct {
		name, file, text, want string
	}{
		{"broken YAML", AlertmanagerFile, "receivers: [", "render alertmanager/alertmanager.yml: yaml: line 1"},
		{"no address", PrometheusFile, "scrape_configs: []", "the address gateway:8082 is nowhere in it"},
		{
			"gateway among names", PrometheusFile, "a:\n  dns_sd_configs: [{names: [gateway, other], port: 8082}]",
			"line 2: gateway among other names in dns_sd_configs: give it a job of its own",
		},
		{
			"gateway among lists", PrometheusFile, "dns_sd_configs: [{names: [gateway], port: 8082}, {names: [other]}]",
			"line 1: gateway among others in dns_sd_configs: give it a job of its own",
		},
		{
			"gateway twice", PrometheusFile, "static_configs: []\ndns_sd_configs: [{names: [gateway], port: 8082}]",
			"line 2: dns_sd_configs of gateway beside static_configs: give it a job of its own",
		},
		{"no file", PrometheusFile, "", "render prometheus/prometheus.yml: file does not exist"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := source()
			files[test.file].Data = []byte(test.text)
			if test.text == "" {
				delete(files, test.file)
			}
			dir := t.TempDir()
			err := Render(files, dir, setting)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
			if got := tree(t, dir); len(got) != 0 {
				t.Errorf("written all the same: %v", got)
			}
		})
	}
}

// tree reads all files below dir, by their slash-separated names.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // the test's own directory
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// FuzzRender checks that whatever can be rendered gives YAML that can be read again.
func FuzzRender(f *testing.F) {
	f.Add(prometheusYAML)
	f.Add(alertmanagerYAML)
	f.Add(swarmYAML)
	f.Add("a: &x {basic_auth: *x}")
	f.Add("a: &x {dns_sd_configs: *x}")
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{PrometheusFile, AlertmanagerFile} {
			out, err := setting.render(name, []byte(text))
			if err != nil {
				continue
			}
			var doc yaml.Node
			if err := yaml.Unmarshal(out, &doc); err != nil {
				t.Errorf("%q became %q: %v", text, out, err)
			}
		}
	})
}
