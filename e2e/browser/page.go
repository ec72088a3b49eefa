package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a page may take for what a person waits for.
const patience = 15 * time.Second

// Page is a tab with a profile of its own: no cookie of another tab is in it. Its methods fail the test when something is
// not there in time.
type Page struct {
	t    testing.TB
	ctx  context.Context //nolint:containedctx // chromedp keeps the tab in it
	base string

	mu     sync.Mutex
	faults []string // what the page did that no page may
	quiet  bool     // faults are expected for now
}

// Open opens a tab for the pages of base, such as http://127.0.0.1:8080, for the length of the test.
func (b *Browser) Open(t testing.TB, base string) *Page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	p := &Page{t: t, ctx: ctx, base: base}
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, p.heard); err != nil {
		cancel()
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			p.Picture("failed-" + strings.ReplaceAll(t.Name(), "/", "-"))
		}
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, fault := range p.faults {
			t.Error(fault)
		}
	})
	return p
}

// heard keeps what a page must not do.
func (p *Page) heard(event any) {
	var fault string
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, p.base+"/") && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") && url != "about:blank" {
			fault = "the page asks another host: " + url
		}
	case *runtime.EventExceptionThrown:
		text, _ := json.Marshal(e.ExceptionDetails) // only to be read by a person
		fault = "the page threw: " + string(text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			text, _ := json.Marshal(e.Args) // as above
			fault = "the page complains: " + string(text)
		}
	}
	if fault == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.quiet {
		p.faults = append(p.faults, fault)
	}
}

// Quietly calls f, in which the page may complain: its gateway is away.
func (p *Page) Quietly(f func()) {
	p.hush(true)
	defer p.hush(false)
	f()
}

func (p *Page) hush(quiet bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.quiet = quiet
}

// Go opens the page at path.
func (p *Page) Go(path string) {
	p.t.Helper()
	p.do("open "+path, chromedp.Navigate(p.base+path))
}

// Click clicks what has this data-testid.
func (p *Page) Click(id string) {
	p.t.Helper()
	p.do("click "+id, chromedp.WaitVisible(selector(id)), chromedp.ScrollIntoView(selector(id)), chromedp.Click(selector(id)))
}

// Fill replaces the text of a field, key by key.
func (p *Page) Fill(id, text string) {
	p.t.Helper()
	if text == "" {
		text = kb.Delete
	}
	p.do("fill "+id, chromedp.WaitVisible(selector(id)), chromedp.ScrollIntoView(selector(id)))
	Eval[bool](p, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.focus(); e.select(); return true })()`, selector(id)))
	p.do("fill "+id, chromedp.KeyEvent(text))
}

// Choose chooses an option of a select by its value.
func (p *Page) Choose(id, value string) {
	p.t.Helper()
	script := fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.value = %q; e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true})); return e.value })()`, selector(id), value)
	if got := Eval[string](p, script); got != value {
		p.t.Fatalf("%s has no option %q", id, value)
	}
}

// Keys types keys at whatever has the focus.
func (p *Page) Keys(keys string) {
	p.t.Helper()
	p.do("type "+keys, chromedp.KeyEvent(keys))
}

// Await waits until the text of what has this data-testid contains text.
func (p *Page) Await(id, text string) {
	p.t.Helper()
	p.AwaitWithin(id, text, patience)
}

// AwaitWithin is Await with another bound.
func (p *Page) AwaitWithin(id, text string, within time.Duration) {
	p.t.Helper()
	p.AwaitThat(fmt.Sprintf("%s to say %q", id, text), within, fmt.Sprintf(
		`[...document.querySelectorAll(%q)].some(e => (e.textContent + " " + (e.value ?? "")).includes(%q))`, selector(id), text))
}

// AwaitGone waits until nothing has this data-testid.
func (p *Page) AwaitGone(id string) {
	p.t.Helper()
	p.AwaitThat(id+" to be gone", patience, fmt.Sprintf(`!document.querySelector(%q)`, selector(id)))
}

// AwaitThat waits until an expression of JavaScript is true. A page that is just being left has none that is.
func (p *Page) AwaitThat(what string, within time.Duration, expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, within)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Promise.resolve("+expression+").then(Boolean)", chromedp.EvalAwaitPromise))
		if err == nil && ok {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			p.t.Fatalf("waited %s for %s: %v; the page says: %.2000s", within, what, err, p.says())
		}
	}
}

// Text is the text of what has this data-testid. Empty: nothing has.
func (p *Page) Text(id string) string {
	p.t.Helper()
	return Eval[string](p, fmt.Sprintf(`document.querySelector(%q)?.textContent ?? ""`, selector(id)))
}

// Has reports whether something has this data-testid.
func (p *Page) Has(id string) bool {
	p.t.Helper()
	return Eval[bool](p, fmt.Sprintf(`!!document.querySelector(%q)`, selector(id)))
}

// Eval returns the value of an expression of JavaScript. A promise is waited for.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%.200s: %v", expression, err)
	}
	return v
}

// Size sets the size of the window in pixels.
func (p *Page) Size(width, height int64) {
	p.t.Helper()
	p.do("resize", chromedp.EmulateViewport(width, height))
}

// Scheme sets what the person's system prefers: light or dark.
func (p *Page) Scheme(scheme string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// Pictures is where pictures of pages go. It is not kept in the repository.
const Pictures = "../artifacts"

// Picture keeps a picture of what the window shows.
func (p *Page) Picture(name string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Errorf("picture %s: %v", name, err)
		return
	}
	if err := os.MkdirAll(Pictures, 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(Pictures, name+".png"), png, 0o644); err != nil {
		p.t.Error(err)
	}
}

// Violation is a fault that axe-core found.
type Violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// Accessible fails the test where axe-core finds a serious or critical fault.
func (p *Page) Accessible(name string) {
	p.t.Helper()
	for _, v := range p.Violations() {
		for _, n := range v.Nodes {
			p.t.Errorf("%s: %s (%s, %s): %.300s: %s", name, v.Help, v.ID, v.Impact, n.HTML, n.Summary)
		}
	}
}

// Violations are the serious and critical faults that axe-core finds in the page as it is now.
func (p *Page) Violations() []Violation {
	p.t.Helper()
	Eval[struct{}](p, axe+"\n;({})")
	found := Eval[[]Violation](p, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(
		v => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 5).map(n => ({html: n.html, failureSummary: n.failureSummary}))})))`)
	return slices.DeleteFunc(found, func(v Violation) bool { return v.Impact != "serious" && v.Impact != "critical" })
}

func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v; the page says: %.1500s", what, err, p.says())
	}
}

// says is the text of the page, as far as it can be had.
func (p *Page) says() string {
	ctx, cancel := context.WithTimeout(p.ctx, time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + " " + document.title + "\n" + document.documentElement.innerText`)) // only helps
	return text
}

func selector(id string) string { return fmt.Sprintf(`[data-testid=%q]`, id) }
