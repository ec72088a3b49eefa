package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"faas/api"
	"faas/e2e"
)

func testSamples(_ *testing.T, p *Page) {
	for _, call := range []struct{ name, path, body, want string }{
		{"echoit", "", "said by a browser", "said by a browser"},
		{"wordcount", "", "one two three", "3"},
		{"nodeinfo", "", "", "replica"},
		{"work", "/?bytes=24", "", "200"},
	} {
		p.Go("/ui/functions/" + call.name + "/invoke")
		if call.path != "" {
			p.Fill("invoke-path", call.path)
		}
		if call.body != "" {
			p.Fill("invoke-body", call.body)
		}
		p.Click("invoke-send")
		p.Await("invoke-status", "200")
		if call.want != "200" {
			p.Await("invoke-response", call.want)
		}
	}
}

// testLife deploys a function, invokes it, changes it and removes it.
func testLife(t *testing.T, p *Page) {
	p.Go("/ui/deploy")
	p.Fill("deploy-name", "by hand")
	p.Fill("deploy-image", "faas/echoit:latest")
	p.Fill("deploy-process", "cat")
	p.Click("deploy-submit")
	p.AwaitThat("the name to be refused", patience, `document.querySelector('[data-testid="deploy-name"]').getAttribute("aria-invalid") === "true"`)
	p.Fill("deploy-name", "byhand")
	p.Click("deploy-secret-new")
	p.Fill("secret-name", "of-byhand")
	p.Keys(kb.Enter) // makes no deployment
	p.AwaitThat("the value to be missed", patience, `document.querySelector('[data-testid="secret-value"]').getAttribute("aria-invalid") === "true"`)
	p.Fill("secret-value", "a value")
	p.Click("secret-submit")
	p.Await("deploy-secret-of-byhand", "")
	p.Click("deploy-submit")
	p.AwaitThat("the function's page", patience, `location.pathname === "/ui/functions/byhand"`)
	p.Go("/ui/functions/byhand/invoke")
	p.Fill("invoke-body", "first version")
	p.Click("invoke-send")
	p.Await("invoke-response", "first version")

	p.Click("update")
	p.AwaitThat("the form to have what runs", patience, `document.querySelector('[data-testid="deploy-process"]')?.value === "cat"`)
	p.Fill("deploy-process", "wc -c")
	p.Click("deploy-submit")
	p.Await("toast", "byhand")
	p.Go("/ui/functions/byhand/invoke")
	for begin := time.Now(); time.Since(begin) < patience; { // the old replica answers until the new one is ready
		p.Fill("invoke-body", "12345")
		p.Click("invoke-send")
		p.Await("invoke-status", "200")
		if strings.TrimSpace(p.Text("invoke-response")) == "5" {
			break
		}
	}
	p.Await("invoke-response", "5")

	p.Click("remove")
	p.Await("remove-confirm", "")
	p.Click("remove-confirm")
	p.AwaitThat("the list", patience, `location.pathname === "/ui/"`)
	p.Await("row-echoit", "echoit")
	p.AwaitGone("row-byhand")
	if Eval[int](p, `fetch("/system/function/byhand").then(r => r.status)`) != http.StatusNotFound {
		t.Error("the function is still there")
	}
}

func testThresholds(_ *testing.T, p *Page) {
	p.deploy(api.FunctionDeployment{Service: "tuned", Image: "faas/echoit:latest", EnvProcess: "cat"})
	p.Go("/ui/functions/tuned/scaling")
	p.Fill("scaling-max", "7")
	p.Fill("scaling-target", "3")
	p.AwaitThat("a load that can be played again", 30*time.Second, `fetch("/function/tuned", {method: "POST", body: "x"}).then(r => r.text()).then(
		() => fetch("/system/portal/history/tuned?seconds=60")).then(r => r.json()).then(h => h.arrivals.filter(n => n > 0).length > 3)`)
	p.Click("scaling-preview")
	p.Await("preview-summary", "replica")
	p.Click("scaling-apply")
	p.Await("toast", "tuned")
	p.AwaitThat("the API to know it", patience,
		`fetch("/system/functions/tuned/scaling").then(r => r.json()).then(s => s.scaling.max === 7 && s.scaling.targets.rps === 3)`)
	p.Fill("scaling-max", "0")
	p.AwaitThat("the mistake to be told", patience, `document.querySelector('[data-testid="scaling-max"]').getAttribute("aria-invalid") === "true"`)
}

func testFrozen(_ *testing.T, p *Page) {
	p.deploy(api.FunctionDeployment{Service: "chilled", Image: "faas/echoit:latest", EnvProcess: "cat"})
	p.Go("/ui/functions/chilled")
	p.Click("freeze")
	p.Click("freeze-submit")
	p.Await("unfreeze", "")
	p.Go("/ui/")
	p.Await("row-chilled", "frozen")
	p.Go("/ui/alerts")
	p.AwaitThat("the silence to be shown", patience, `document.querySelector("main").innerText.includes("chilled")`)
	p.Go("/ui/functions/chilled")
	p.Click("unfreeze")
	p.Await("freeze", "")
}

// testLoad offers a load and watches the replicas go up, and down again, without touching the page.
func testLoad(t *testing.T, p *Page, sys *e2e.Up) {
	labels := map[string]string{"com.openfaas.scale.down.window": "10s"}
	p.deploy(api.FunctionDeployment{Service: "loaded", Image: "faas/echoit:latest", EnvProcess: "cat", Labels: &labels})
	p.Go("/ui/functions/loaded")
	p.AwaitThat("the chart", patience, `!!document.querySelector('[data-testid="chart-load"] canvas')`)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		offer(ctx, sys.Gateway()+"/function/loaded", 40)
	}()
	p.AwaitThat("a decision for more", 30*time.Second, `[...document.querySelectorAll('[data-testid^="decision-"]')].some(e => /FunctionScale/.test(e.textContent))`)
	// Eight carry 36: that 40 are more may be chance, for half a minute.
	p.AwaitThat("eight replicas or more in the title", 30*time.Second, `/^([89]|1[0-9])\/\d+ loaded/.test(document.title)`)
	p.AwaitThat("the chart to tell of them", patience, `/\b([89]|1[0-9])\b/.test(document.querySelector('[data-testid="chart-load"] [role="img"]')?.getAttribute("aria-label") ?? document.querySelector('[data-testid="chart-load"]').getAttribute("aria-label") ?? "")`)
	p.Picture("load")
	stop()
	<-ended
	p.AwaitThat("one replica", 60*time.Second, `/^1\/1 loaded/.test(document.title)`)
}

func testLogs(_ *testing.T, p *Page) {
	p.deploy(api.FunctionDeployment{Service: "wordy", Image: "faas/echoit:latest", EnvProcess: `sh -c "echo written to the log >&2; cat"`})
	p.Go("/ui/functions/wordy/logs")
	p.invoke("wordy", 3)
	p.Await("log-line", "written to the log")
	p.Fill("log-filter", "nothing has this")
	p.AwaitGone("log-line")
}

// testForeignPages has functions answer with a page whose script tries what only the portal may. One that the operator trusts
// may: so it is no other reason that keeps the other from it.
func testForeignPages(_ *testing.T, p *Page, sys *e2e.Up) {
	const script = `<!doctype html><title>waiting</title><script>
		fetch("/system/functions").then(r => r.text()).then(s => document.title = "read " + s.length, e => document.title = "refused")
	</script>`
	page := func(name string, annotations map[string]string) {
		p.deploy(api.FunctionDeployment{
			Service: name, Image: "faas/echoit:latest", EnvProcess: "cat", EnvVars: map[string]string{"content_type": "text/html"}, Annotations: &annotations,
		})
		p.Quietly(func() { // the browser tells of what it keeps from the script
			p.post(sys.Gateway()+"/function/"+name, script)
			p.AwaitThat("the script to have tried", patience, `location.pathname.endsWith("`+name+`") && document.title !== "waiting" && document.title !== ""`)
		})
	}
	page("page", nil)
	if title := Eval[string](p, `document.title`); title != "refused" {
		p.t.Errorf("a function's page: %s", title)
	}
	p.Go("/ui/")
	p.AwaitLive(true)
	page("trusted", map[string]string{"com.faas.pages": "trusted"})
	if title := Eval[string](p, `document.title`); !strings.HasPrefix(title, "read ") {
		p.t.Errorf("a trusted function's page: %s", title)
	}
}

// testRestart kills the gateway under an open page, which says so, and starts it again: the page comes back by itself, and its
// viewer is still signed in.
func testRestart(t *testing.T, p *Page, sys *e2e.Up) {
	p.AwaitLive(true)
	p.Quietly(func() {
		if err := sys.Kill(); err != nil {
			t.Fatal(err)
		}
		p.AwaitLive(false)
		if err := sys.Restart(t.Context(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		p.AwaitLive(true)
	})
	p.Await("row-echoit", "echoit")
}

// deploy deploys a function and waits until it is ready.
func (p *Page) deploy(d api.FunctionDeployment) {
	p.t.Helper()
	body := jsonOf(p.t, d)
	if status := Eval[int](p, fmt.Sprintf(`fetch("/system/functions", {method: "POST", body: %q}).then(r => r.status)`, body)); status != http.StatusAccepted {
		p.t.Fatalf("deploy %s: %d", d.Service, status)
	}
	p.AwaitThat(d.Service+" to be ready", 30*time.Second,
		fmt.Sprintf(`fetch("/system/function/%s").then(r => r.json()).then(f => f.availableReplicas > 0)`, d.Service))
}

// invoke invokes a function so many times, one after the other.
func (p *Page) invoke(name string, times int) {
	p.t.Helper()
	script := fmt.Sprintf(`(async () => { for (let i = 0; i < %d; i++) { await fetch("/function/%s", {method: "POST", body: "hello"}).then(r => r.text()) }; return true })()`, times, name)
	Eval[bool](p, script)
}

// post sends a form whose answer the window shows.
func (p *Page) post(url, text string) {
	p.t.Helper()
	script := fmt.Sprintf(`(() => {
		const form = document.createElement("form");
		form.method = "post"; form.enctype = "text/plain"; form.action = %q;
		const field = document.createElement("textarea"); field.name = "x"; field.value = %q;
		form.append(field); document.body.append(form); form.submit(); return true })()`, url, text)
	Eval[bool](p, script)
}

// offer sends so many requests a second, each when it is due, until ctx ends.
func offer(ctx context.Context, url string, rate int) {
	const mostAtOnce = 64
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: mostAtOnce}}
	defer client.CloseIdleConnections()
	var under sync.WaitGroup
	defer under.Wait()
	room := make(chan struct{}, mostAtOnce)
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		room <- struct{}{}
		under.Go(func() {
			defer func() { <-room }()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("hello"))
			if err != nil {
				return
			}
			if res, err := client.Do(req); err == nil {
				_, _ = io.Copy(io.Discard, res.Body) // what is shown of it is under test
				_ = res.Body.Close()
			}
		})
	}
}

func jsonOf(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
