package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"faas/e2e/browser"
)

// visit is where the page is, and who looks at it.
type visit struct{ gateway, password, profile string }

// measured is what was seen.
type measured struct {
	firstPaint []float64 // ms, of a load each
	complete   []float64 // ms until all functions are listed
	longest    float64   // ms: the longest task while the page was watched
	long       int       // tasks over 50 ms
	heap       []float64 // MiB after a collection, each half minute
	nodes      int
	watched    time.Duration
}

// observe runs in each page before its own scripts.
const observe = `
	globalThis.__long = [];
	new PerformanceObserver(list => { for (const e of list.getEntries()) globalThis.__long.push(e.duration) }).observe({type: "longtask", buffered: true});
`

// loads is how often the page is opened to see how soon it shows something.
const loads = 5

func watch(ctx context.Context, v visit, o options, progress io.Writer) (m measured, err error) {
	b, err := browser.Start(ctx, v.profile)
	if err != nil {
		return m, err
	}
	defer func() { _ = b.Close() }() // it was only looked at
	tab, cancel := chromedp.NewContext(b.Context())
	defer cancel()
	return m, m.in(tab, v, o, progress) //nolint:contextcheck // the browser began with ctx, and ends with it
}

// in measures the page in a tab.
func (m *measured) in(tab context.Context, v visit, o options, progress io.Writer) error {
	if err := signIn(tab, v); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	if _, err := chromedp.Call(tab, page.BringToFront, cdp.Empty{}); err != nil { // what is behind is not painted
		return err
	}
	if _, err := chromedp.Call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: observe}); err != nil {
		return err
	}
	for range loads {
		if err := m.open(tab, v, o.Functions); err != nil {
			return err
		}
	}
	fmt.Fprintf(progress, "watching for %s\n", o.For)
	began := time.Now()
	if err := m.sample(tab); err != nil {
		return err
	}
	for time.Since(began) < o.For {
		select {
		case <-time.After(min(30*time.Second, o.For-time.Since(began))):
		case <-tab.Done():
			return tab.Err()
		}
		if err := m.sample(tab); err != nil {
			return err
		}
		fmt.Fprintf(progress, "%s: heap %.2f MiB, longest task %.0f ms\n", time.Since(began).Round(time.Second), m.heap[len(m.heap)-1], m.longest)
	}
	m.watched = time.Since(began)
	if o.Picture != "" {
		png, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
		if err != nil {
			return err
		}
		return os.WriteFile(o.Picture, png, 0o600)
	}
	return nil
}

// signIn begins a session as the sign-in page does.
func signIn(tab context.Context, v visit) error {
	if err := chromedp.Do(tab, chromedp.Navigate(v.gateway+"/ui/")); err != nil {
		return err
	}
	script := fmt.Sprintf(`fetch("/ui/session", {method: "POST", body: JSON.stringify({user: "admin", password: %q})}).then(r => r.status)`, v.password)
	status, err := chromedp.Run(tab, chromedp.Evaluate[int](script, chromedp.EvalAwaitPromise))
	if err == nil && status != http.StatusNoContent {
		err = fmt.Errorf("the gateway answers %d", status)
	}
	return err
}

// open opens the list anew, and notes how soon it shows something and all functions.
func (m *measured) open(tab context.Context, v visit, functions int) error {
	ctx, cancel := context.WithTimeout(tab, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(v.gateway+"/ui/")); err != nil {
		return err
	}
	all := fmt.Sprintf(`document.title.includes("%d") && document.querySelector('[data-testid^="row-"]') && performance.now()`, functions)
	complete, err := chromedp.Run(ctx, chromedp.Poll[float64](all, chromedp.WithPollingInterval(5*time.Millisecond)))
	if err != nil {
		return fmt.Errorf("the page does not list %d functions: %w", functions, err)
	}
	paint, err := chromedp.Run(ctx, chromedp.Poll[float64](`performance.getEntriesByName("first-contentful-paint")[0]?.startTime`, chromedp.WithPollingInterval(50*time.Millisecond)))
	if err != nil {
		return err
	}
	m.firstPaint, m.complete = append(m.firstPaint, paint), append(m.complete, complete)
	return nil
}

// sample notes the heap after a collection, and the long tasks since the page was opened.
func (m *measured) sample(tab context.Context) error {
	long, err := chromedp.Run(tab, chromedp.Evaluate[[]float64](`globalThis.__long`)) // before the collection, which is one
	if err != nil {
		return err
	}
	if len(long) > 0 {
		m.longest, m.long = max(m.longest, slices.Max(long)), len(long)
	}
	if _, err := chromedp.Call(tab, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
		return err
	}
	heap, err := chromedp.Call(tab, runtime.GetHeapUsage, cdp.Empty{})
	if err != nil {
		return err
	}
	m.heap = append(m.heap, heap.UsedSize/(1<<20))
	m.nodes, err = chromedp.Run(tab, chromedp.Evaluate[int](`document.querySelectorAll("*").length`))
	return err
}

// write prints the figures.
func (m *measured) write(out io.Writer, o options) error {
	half := len(m.heap) / 2
	_, err := fmt.Fprintf(out, `%d functions, %d of them at %g requests a second, watched for %s

    result: portal_first_paint_ms %.0f ms
    result: portal_all_listed_ms %.0f ms
    result: portal_longest_task_ms %.0f ms
    result: portal_long_tasks %d tasks
    result: portal_heap_first_half_mib %.2f MiB
    result: portal_heap_second_half_mib %.2f MiB
    result: portal_elements %d elements
`, o.Functions, o.Busy, o.Rate, m.watched.Round(time.Second), median(m.firstPaint), median(m.complete), m.longest, m.long,
		median(m.heap[:half+1]), median(m.heap[half:]), m.nodes)
	return err
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
