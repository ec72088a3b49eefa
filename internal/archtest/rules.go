package archtest

import (
	"slices"
	"strings"
)

// Sizes that a file and a function without tests must not exceed, in lines.
const (
	maxFileLines     = 400
	maxFunctionLines = 80
)

// importRule says which packages of ours one package, or every package below a folder, may import. A
// package may always import what lies below itself, and its tests the package itself.
type importRule struct {
	// of is a folder from the root of the module, "." for the root itself; the longest that fits counts.
	of string
	// may are folders; "internal/..." means every package below internal.
	may []string
}

var importRules = []importRule{
	{of: "."},
	{of: "function"},
	{of: "api"},
	{of: "web"},
	// A sample is to be read by itself: only what several share is beside them.
	{of: "functions", may: []string{"functions/alexa", "functions/fetch", "functions/serve"}},
	{of: "functions/alexa"},
	{of: "functions/fetch"},
	{of: "functions/serve"},
	{of: "internal", may: []string{"api", "function", "internal/..."}},
	{of: "internal/image"},
	// Its tests read the tables of all packages.
	{of: "internal/docs", may: []string{"..."}},
	{of: "internal/backendtest", may: []string{"function"}},
	{of: "gateway", may: []string{"api", "function", "internal/..."}},
	{of: "gateway/activator", may: []string{"function", "internal/..."}},
	{of: "gateway/overload", may: []string{"function", "internal/..."}},
	// They are what is between the portal's user and the gateway: nothing of functions is in them.
	{of: "gateway/session"},
	{of: "gateway/site", may: []string{"internal/httperr"}},
	{of: "gateway/proxy", may: []string{"function", "internal/..."}},
	{of: "scaler", may: []string{"function", "internal/..."}},
	{of: "queue", may: []string{"function", "internal/..."}},
	// It asks the scaler's own Decide what becomes of an order, and the gateway's own Wish what is ordered.
	{of: "rehearse", may: []string{"function", "internal/...", "scaler", "gateway/overload", "."}},
	{of: "rehearse/load", may: []string{"function"}},
	{of: "rehearse/past", may: []string{"function", "rehearse/load"}},
	{of: "rehearse/report", may: []string{"function", "internal/...", "rehearse"}},
	{of: "swarm", may: []string{"function", "internal/..."}},
	// It stands in Docker's place: what it shared with its client would be tested against itself.
	{of: "swarm/swarmtest"},
	{of: "local", may: []string{"function", "internal/..."}},
	{of: "watchdog", may: []string{"internal/telemetry", "internal/http1"}},
	{of: "cmd", may: []string{"..."}},
	// It is copied into every function's image.
	{of: "cmd/fwatchdog", may: []string{"watchdog", "internal/telemetry"}},
	{of: "e2e", may: []string{"..."}},
	{of: "bench", may: []string{"..."}},
}

// moduleRule keeps somebody else's module behind the package that wraps it.
type moduleRule struct {
	module string
	// in are folders from the root of the module; everything below them is meant too.
	in []string
}

var moduleRules = []moduleRule{
	{module: "github.com/docker/docker", in: []string{"swarm"}},
	{module: "github.com/moby/moby", in: []string{"swarm"}},
	{module: "github.com/google/go-containerregistry", in: []string{"internal/image", "e2e"}},
	{module: "github.com/nats-io", in: []string{"queue"}},
	{module: "github.com/prometheus/alertmanager", in: []string{"scaler", "rehearse", "internal/alerting", "e2e", "bench"}},
	{module: "github.com/prometheus/prometheus", in: []string{"rehearse"}},
	{module: "github.com/yuin/goldmark", in: []string{"internal/docs", "e2e", "functions/markdown"}},
	{module: "github.com/julienschmidt/httprouter", in: []string{"gateway"}},
	{module: "github.com/pb33f", in: []string{"internal/apitest"}},
	{module: "github.com/alecthomas/kong", in: []string{"cmd", "bench"}},
	{module: "charm.land", in: []string{"cmd", "internal/top"}},
}

// forbidden are names that reach into the state of a whole process, by the path of their package.
var forbidden = map[string]map[string]string{
	"net/http": {
		"DefaultClient":   "make a client with a time-out of its own",
		"Get":             "it uses http.DefaultClient: make a client with a time-out of its own",
		"Head":            "it uses http.DefaultClient: make a client with a time-out of its own",
		"Post":            "it uses http.DefaultClient: make a client with a time-out of its own",
		"PostForm":        "it uses http.DefaultClient: make a client with a time-out of its own",
		"DefaultServeMux": "make a mux with http.NewServeMux",
		"Handle":          "it uses http.DefaultServeMux: make a mux with http.NewServeMux",
		"HandleFunc":      "it uses http.DefaultServeMux: make a mux with http.NewServeMux",
	},
	"github.com/prometheus/client_golang/prometheus": {
		"DefaultRegisterer": "take a registry in Options",
		"DefaultGatherer":   "take a registry in Options",
		"Register":          "it uses prometheus.DefaultRegisterer: take a registry in Options",
		"MustRegister":      "it uses prometheus.DefaultRegisterer: take a registry in Options",
	},
	"github.com/prometheus/client_golang/prometheus/promhttp": {
		"Handler": "it uses prometheus.DefaultGatherer: use promhttp.HandlerFor",
	},
}

// grantedWaits are receives from time.After in tests that talk to real connections, each with its reason.
var grantedWaits = map[string]int{
	// A replica's work takes time, and what another goroutine is about to do is polled for in one helper.
	"gateway/invoke_test.go": 2,
	// An upgraded connection must outlive the write time-out.
	"watchdog/server_test.go": 1,
}

// yamlOnly are folders that hold YAML and nothing else.
var yamlOnly = []string{"prometheus", "alertmanager"}

// ruleFor finds the rule of a folder: the longest that fits.
func ruleFor(dir string) (importRule, bool) {
	var found importRule
	for _, r := range importRules {
		if within(dir, r.of) && len(r.of) > len(found.of) {
			found = r
		}
	}
	return found, found.of != ""
}

// String lists what the package may import.
func (r importRule) String() string {
	switch {
	case len(r.may) == 0:
		return "nothing of ours"
	case slices.Contains(r.may, "..."):
		return "everything but cmd"
	}
	return "only " + strings.Join(r.may, ", ")
}

// allows reports whether the package in folder from may import the one in folder to.
func (r importRule) allows(from, to string) bool {
	if from != "." && within(to, from) {
		return true
	}
	for _, may := range r.may {
		root, below := strings.CutSuffix(may, "...")
		switch {
		case may == "...":
			return to != "cmd" && !strings.HasPrefix(to, "cmd/")
		case below && strings.HasPrefix(to, root):
			return true
		case to == may:
			return true
		}
	}
	return false
}

// within reports whether a folder is dir or lies below it. The root holds only itself.
func within(folder, dir string) bool {
	return folder == dir || strings.HasPrefix(folder, dir+"/")
}
