package browser

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os/exec"

	"github.com/chromedp/chromedp"
)

// axe finds faults of accessibility in a page: axe-core 4.14.1, as its makers publish it.
//
//go:embed testdata/axe.min.js
var axe string

// Browser is a running headless Chromium.
type Browser struct {
	ctx    context.Context //nolint:containedctx // chromedp keeps the browser in it
	cancel func()
}

// programs are the names by which distributions have one.
var programs = []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"}

// Start runs a Chromium until Close. dir is for what it writes. Errors: there is none to run.
func Start(ctx context.Context, dir string) (*Browser, error) {
	var path string
	for _, name := range programs {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, errors.New("there is no Chromium: `tools/chromium.sh` installs it on a Debian machine")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.NoSandbox, // it shows our own pages only, and refuses to run as root with it
		chromedp.WindowSize(1280, 900),
		// It shall call nobody but us.
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-quic", true), chromedp.Flag("no-default-browser-check", true),
		chromedp.Flag("disable-dev-shm-usage", true),
	}
	allocator, cancelAllocator := chromedp.NewExecAllocator(ctx, options...)
	tab, cancelTab := chromedp.NewContext(allocator)
	b := &Browser{ctx: tab, cancel: func() { cancelTab(); cancelAllocator() }}
	if err := chromedp.Do(tab); err != nil { // starts it
		b.cancel()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return b, nil
}

// Close ends the browser and its tabs.
func (b *Browser) Close() error {
	err := chromedp.Cancel(b.ctx)
	b.cancel()
	return err
}

// Context is that of the browser, for tabs that do more than a Page.
func (b *Browser) Context() context.Context { return b.ctx }
