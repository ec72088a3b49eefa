package docs_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"faas/function"
	"faas/gateway"
	"faas/internal/docs"
	"faas/internal/environ"
	"faas/internal/stack"
	"faas/queue"
	"faas/swarm"
	"faas/watchdog"
)

func page(name string) string { return filepath.Join(root, "docs/reference", name) }

func TestReferenceEnvironment(t *testing.T) {
	p := docs.NewPage("Environment variables", "What is set to nothing counts as not set. A value that cannot be used ends the start, with the variable's name. Durations are\n"+
		"`90`, which are seconds, or `1m30s`. What flags of `faas` can be set by a variable is in [flags.md](flags.md).")
	table := func(variables []environ.Variable) {
		var rows [][]string
		for _, v := range variables {
			rows = append(rows, []string{docs.Code(v.Name), v.Kind, docs.Code(v.Text()), v.Meaning})
		}
		p.Table([]string{"variable", "value", "default", "meaning"}, rows)
	}
	p.Section("The gateway", "Of `faas gateway` and `faas up`.")
	table(gateway.Variables())
	p.Section("Asynchronous calls", "Of `faas gateway` and `faas up` too; [async.md](../async.md) tells how they are used.")
	table(queue.Variables())
	p.Section("The watchdog", "Of `fwatchdog`, so of the function's environment. Where neither `mode` nor `function_process` is set, it acts as OpenFaaS's classic watchdog:\n"+
		"`exec_timeout` is 0, `combine_output` is true, and answers have the `Content-Type` of the request.")
	var rows [][]string
	for _, v := range watchdog.Variables() {
		rows = append(rows, []string{docs.Code(v.Name), docs.Code(v.Alias), docs.Code(strings.Trim(v.Default, "-")), v.Meaning})
	}
	p.Table([]string{"variable", "also", "default", "meaning"}, rows)
	p.Section("The stack on Docker Swarm", "What [docker-compose.yml](../../docker-compose.yml) passes on or puts in place, so what may be set for `make deploy`. What is empty by\n"+
		"default is the part's own default, above or in [flags.md](flags.md).")
	p.Table([]string{"variable", "default", "used by"}, composeVariables(t))
	docs.Compare(t, page("environment.md"), p.String())
}

// composeVariables are those of the stack file, but those that `make deploy` sets itself.
func composeVariables(t *testing.T) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]yaml.Node
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	type use struct {
		fallback string
		services []string
	}
	found := map[string]use{}
	for _, service := range slices.Sorted(maps.Keys(file.Services)) {
		node := file.Services[service]
		each(&node, func(text string) {
			for _, part := range strings.Split(text, "${")[1:] {
				inside, _, _ := strings.Cut(part, "}")
				name, fallback, optional := strings.Cut(inside, ":-")
				if !optional || strings.HasSuffix(name, "_IMAGE") || strings.HasSuffix(name, "_NAME") {
					continue // made by `make deploy`
				}
				u := found[name]
				u.fallback = fallback
				if !slices.Contains(u.services, service) {
					u.services = append(u.services, service)
				}
				found[name] = u
			}
		})
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		rows = append(rows, []string{docs.Code(name), docs.Code(found[name].fallback), strings.Join(found[name].services, ", ")})
	}
	return rows
}

func each(n *yaml.Node, visit func(string)) {
	if n.Kind == yaml.ScalarNode {
		visit(n.Value)
	}
	for _, c := range n.Content {
		each(c, visit)
	}
}

func TestReferenceLabels(t *testing.T) {
	p := docs.NewPage("Labels and annotations", "Labels that begin with `com.openfaas.scale.` and are not here are refused, as are values that cannot be read, with all that is wrong at once.\n"+
		"Other labels and annotations are kept and shown.")
	row := func(l function.Label) []string {
		return []string{docs.Code(l.Key), l.Kind, l.Default, l.Meaning}
	}
	p.Section("Labels that scale a function", "[scaling.md](../scaling.md) tells what the rules make of them, [thresholds.md](../thresholds.md) how to choose.")
	var scaling, annotations, services [][]string
	for _, l := range function.ScalingLabelTable() {
		scaling = append(scaling, row(l))
	}
	p.Table([]string{"label", "value", "default", "meaning"}, scaling)
	p.Section("Annotations", "")
	for _, l := range function.AnnotationTable() {
		annotations = append(annotations, append(row(l), cmp.Or(l.Where, "both")))
	}
	p.Table([]string{"annotation", "value", "default", "meaning", "backend"}, annotations)
	p.Section("Labels on Docker Swarm", "On services, networks, secrets and images. The first four are for those who make services by hand; the others are the gateway's own notes.")
	for _, l := range swarm.LabelTable() {
		services = append(services, []string{docs.Code(l.Key), l.Kind, l.Where, l.Meaning})
	}
	services = append(services, []string{docs.Code(stack.LabelLang), "text", "image", "What the function is written in. faas build sets it."})
	p.Table([]string{"label", "value", "on", "meaning"}, services)
	docs.Compare(t, page("labels.md"), p.String())
}

// TestEveryLabelIsListed looks for labels in the code that no table has.
func TestEveryLabelIsListed(t *testing.T) {
	text, err := os.ReadFile(page("labels.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range source(t).Texts("com.faas.", "com.openfaas.") {
		if name == "com.faas." { // what those of swarm begin with
			continue
		}
		found++
		if !strings.Contains(string(text), "`"+name) {
			t.Errorf("the code knows %q, and no table of labels has it: see function.AnnotationTable", name)
		}
	}
	if found < 10 {
		t.Errorf("found %d labels only", found)
	}
}

func TestReferenceMetrics(t *testing.T) {
	s := source(t)
	p := docs.NewPage("Metrics", "Series of a function have its name in `function_name`, and go when it goes. `/metrics/scaling` shows functions only about which there is something to\n"+
		"decide. Histograms have `_bucket`, `_sum` and `_count`. The processes' own metrics, `go_…` and `process_…`, are at `/metrics` too.")
	described := map[string]bool{}
	for _, part := range []struct{ title, text, dir string }{
		{"The gateway", "At the metrics port, 8082 where nothing else was said.", "gateway"},
		{"Overload", "At the same port.", "gateway/overload"},
		{"Several gateways", "At the same port, where there is `--peers`.", "gateway/peers"},
		{"The portal", "At the same port.", "gateway/live"},
		{"The scaler", "At the same port.", "scaler"},
		{"Asynchronous calls", "At the same port, where there is a queue.", "queue"},
		{"The backend of Docker Swarm", "At the same port, of `faas gateway`.", "swarm"},
		{"The backend of local processes", "At the same port, of `faas up`.", "local"},
		{"The watchdog", "At `/metrics` of each replica, port 8081, and by way of the gateway at `/metrics/replicas/FUNCTION/ID`.", "watchdog"},
		{"What a function uses", "At the same place.", "watchdog/usage"},
	} {
		described[part.dir] = true
		metrics, err := s.Metrics(part.dir)
		if err != nil {
			t.Fatal(err)
		}
		p.Section(part.title, part.text)
		head := []string{"metric", "type", "labels", "unit", "meaning"}
		var rows [][]string
		for _, m := range metrics {
			labels := make([]string, len(m.Labels))
			for i, l := range m.Labels {
				labels[i] = docs.Code(l)
			}
			row := []string{docs.Code(m.Name), m.Kind, strings.Join(labels, ", "), m.Unit(), m.Help}
			if part.dir == "gateway" {
				row = append(row, cmp.Or(strings.Join(m.Ports, " "), "/metrics"))
			}
			rows = append(rows, row)
		}
		if part.dir == "gateway" {
			head = append(head, "at")
		}
		p.Table(head, rows)
	}
	for _, dir := range s.Dirs() {
		if described[dir] || strings.HasPrefix(dir, "bench") || strings.HasPrefix(dir, "e2e") {
			continue
		}
		if metrics, err := s.Metrics(dir); err != nil || len(metrics) > 0 {
			t.Errorf("package %s registers metrics, and the page has no section of it: %v", dir, err)
		}
	}
	p.Section("What the rules record", "By Prometheus itself; [scaling.yml](../../prometheus/rules/scaling.yml) says what each means, and [scaling.md](../scaling.md) how they work together.")
	p.Table([]string{"series or alert", "group", "every"}, recorded(t))
	docs.Compare(t, page("metrics.md"), p.String())
}

// recorded lists what the scaling rules record and which alerts they have, each once.
func recorded(t *testing.T) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "prometheus/rules/scaling.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name, Interval string
			Rules          []struct{ Record, Alert string }
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	seen := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			name := cmp.Or(r.Record, r.Alert)
			if seen[g.Name+name] {
				continue
			}
			seen[g.Name+name] = true
			rows = append(rows, []string{docs.Code(name), g.Name, g.Interval})
		}
	}
	return rows
}

// TestReferenceRoutes reads the description, which the gateway's own tests hold to its router.
func TestReferenceRoutes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	type operation struct {
		Tags      []string
		Summary   string
		Security  *[]map[string][]string
		Responses map[string]yaml.Node
	}
	var description struct {
		Tags  []struct{ Name, Description string }
		Paths map[string]map[string]yaml.Node
	}
	if err := yaml.Unmarshal(text, &description); err != nil {
		t.Fatal(err)
	}
	rows := map[string][][]string{}
	for _, path := range slices.Sorted(maps.Keys(description.Paths)) {
		for _, method := range []string{"get", "head", "post", "put", "patch", "delete", "options"} {
			node, ok := description.Paths[path][method]
			if !ok {
				continue
			}
			var o operation
			if err := node.Decode(&o); err != nil {
				t.Fatal(err)
			}
			closed := "yes"
			if o.Security != nil && len(*o.Security) == 0 {
				closed = "no"
			}
			statuses := slices.Sorted(maps.Keys(o.Responses))
			rows[o.Tags[0]] = append(rows[o.Tags[0]], []string{strings.ToUpper(method), docs.Code(path), o.Summary, closed, strings.Join(statuses, " ")})
		}
	}
	p := docs.NewPage("Routes", "In short what [openapi.yaml](../openapi.yaml) describes, with bodies and examples. HEAD is answered wherever GET is; a method that is not listed gets 405.\n"+
		"`default` is the function's own answer, whatever its status; invocations take any path below. The metrics have a port of their own.")
	for _, tag := range description.Tags {
		p.Section(strings.ToUpper(tag.Name[:1])+tag.Name[1:], tag.Description)
		p.Table([]string{"method", "path", "what", "credentials", "statuses"}, rows[tag.Name])
	}
	docs.Compare(t, page("routes.md"), p.String())
}

// TestReferencePackages lists in ARCHITECTURE.md who imports whom.
func TestReferencePackages(t *testing.T) {
	s := source(t)
	var rows [][]string
	for _, dir := range s.Dirs() {
		if strings.HasPrefix(dir, "bench") || strings.HasPrefix(dir, "e2e") || strings.HasPrefix(dir, "functions") {
			continue
		}
		imports := s.Imports(dir, "faas")
		for i, to := range imports {
			imports[i] = docs.Code(to)
		}
		name := fmt.Sprintf("[`%s`](%s)", dir, dir)
		rows = append(rows, []string{name, s.Synopsis(dir), cmp.Or(strings.Join(imports, " "), "nothing of ours")})
	}
	p := &docs.Page{}
	p.Table([]string{"package", "what", "imports"}, rows)
	docs.CompareSection(t, filepath.Join(root, "ARCHITECTURE.md"), "packages", p.String()+"\n")
}
