package browser

import (
	"cmp"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"faas/api"
	"faas/e2e"
)

// pages are all that the portal has, by what their pictures are called, with an expression that is true once one is whole.
var pages = []struct{ name, path, whole string }{
	{"functions", "/ui/", `!!document.querySelector('[data-testid="row-resize"]')`},
	{"function", "/ui/functions/resize", `!!document.querySelector('[data-testid="chart-load"] canvas')`},
	{"invoke", "/ui/functions/resize/invoke", `!!document.querySelector('[data-testid="invoke-send"]')`},
	{"scaling", "/ui/functions/resize/scaling", `!!document.querySelector('[data-testid="scaling-preview"]')`},
	{"logs", "/ui/functions/resize/logs", `!!document.querySelector('[data-testid="log-line"]')`},
	{"replicas", "/ui/functions/resize/replicas", `!!document.querySelector('[data-testid^="replica-"]')`},
	{"configuration", "/ui/functions/resize/configuration", `document.querySelector("main").innerText.includes("faas/echoit")`},
	{"deploy", "/ui/deploy", `!!document.querySelector('[data-testid="deploy-submit"]')`},
	{"alerts", "/ui/alerts", `document.querySelector("main").innerText.includes("Heartbeat")`},
}

// stepVariable is the environment variable that makes the load of the pictures longer, for those that are kept.
const stepVariable = "FAAS_PICTURES_STEP"

// stepTime is how long each level of the load takes.
func stepTime(t *testing.T) time.Duration {
	t.Helper()
	text := cmp.Or(os.Getenv(stepVariable), "5s")
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s %q: %v", stepVariable, text, err)
	}
	return d
}

// testLooks takes a picture of each page in the light and in the dark and on a phone, and holds each to being of use to
// everyone.
func testLooks(t *testing.T, p *Page, sys *e2e.Up) {
	labels := map[string]string{"com.openfaas.scale.down.window": "10s"}
	p.deploy(api.FunctionDeployment{Service: "resize", Image: "faas/echoit:latest", EnvProcess: "cat", Labels: &labels})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, rate := range []int{4, 40, 70, 25} { // something to look at
			step, cancel := context.WithTimeout(ctx, stepTime(t))
			offer(step, sys.Gateway()+"/function/resize", rate)
			cancel()
		}
		offer(ctx, sys.Gateway()+"/function/resize", 25)
	}()
	defer func() { stop(); <-ended }()
	for name, rate := range map[string]int{"echoit": 3, "wordcount": 9} {
		go offer(ctx, sys.Gateway()+"/function/"+name, rate)
	}
	p.AwaitThat("the load to have been high", 40*time.Second+4*stepTime(t), `fetch("/system/portal/history/resize?seconds=300").then(r => r.json()).then(
		h => { const high = h.arrivals.findIndex(n => n > 55); return high > 0 && h.arrivals.slice(high).filter(n => n > 15 && n < 40).length > 4 })`)
	for _, look := range []struct {
		name, scheme  string
		width, height int64
	}{{"light", "light", 1280, 900}, {"dark", "dark", 1280, 900}, {"phone", "light", 360, 740}} {
		p.Size(look.width, look.height)
		p.Scheme(look.scheme)
		for _, page := range pages {
			name := page.name + "-" + look.name
			p.Go(page.path)
			p.AwaitThat("page "+name, patience, page.whole)
			p.AwaitLive(true)
			if page.name == "function" || page.name == "scaling" {
				p.AwaitThat("the last five minutes", patience, `(() => {
					const button = [...document.querySelectorAll("main button")].find(e => e.textContent.trim() === "5 min");
					if (button?.ariaPressed !== "true") button?.click();
					return button?.ariaPressed === "true" })()`)
			}
			if page.name == "scaling" && look.name != "phone" {
				p.Fill("scaling-target", "10")
				p.Click("scaling-preview")
				p.Await("preview-summary", "replica")
			}
			p.Picture(name)
			p.Accessible(name)
			if p.Has("scaling-reset") { // else the browser asks whether what was typed may be lost
				p.Click("scaling-reset")
			}
			if wide := Eval[int64](p, `document.documentElement.scrollWidth`); wide > look.width {
				t.Errorf("%s is %d pixels wide in a window of %d", name, wide, look.width)
			}
		}
	}
}

// TestFirstVisit opens the portal of a system that has no function yet.
func TestFirstVisit(t *testing.T) {
	t.Parallel()
	b, sys := start(t), startSystem(t, "version: 1.0\nprovider:\n  name: openfaas\nfunctions: {}\n")
	p := b.Open(t, sys.Gateway())
	for _, scheme := range []string{"light", "dark"} {
		p.Scheme(scheme)
		p.Go("/ui/")
		p.Await("sign-in-submit", "")
		p.Picture("sign-in-" + scheme)
		p.Accessible("sign-in-" + scheme)
	}
	p.SignIn(password(t, sys))
	for _, scheme := range []string{"light", "dark"} {
		p.Scheme(scheme)
		p.Go("/ui/")
		p.Await("first-visit", sys.Gateway())
		p.Picture("first-visit-" + scheme)
		p.Accessible("first-visit-" + scheme)
	}
	if text := p.Text("first-visit"); !strings.Contains(text, "curl") {
		t.Errorf("the first visit shows no call: %s", text)
	}
}
