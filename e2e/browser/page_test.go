package browser

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestPage holds the tools themselves to what the tests of the portal rely on: they find what is wrong.
func TestPage(t *testing.T) {
	b := start(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><html lang="en"><title>x</title><main><h1>A page</h1>
			<input data-testid="field"><p data-testid="copy"></p>
			<button data-testid="copy-it" onclick="document.querySelector('p').textContent = document.querySelector('input').value">Copy</button>
			<button data-testid="elsewhere" onclick="fetch('http://127.0.0.1:1/').catch(() => 0)">Elsewhere</button>
			<button data-testid="throw" onclick="throw new Error('thrown')">Throw</button></main>`)
	}))
	t.Cleanup(server.Close)
	p := b.Open(t, server.URL)
	p.Go("/")
	p.Fill("field", "some text")
	p.Click("copy-it")
	p.Await("copy", "some text")
	found := p.Violations()
	if len(found) != 1 || found[0].ID != "label" {
		t.Errorf("axe-core finds %+v, want the field without a label", found)
	}
	p.Click("elsewhere")
	p.Click("throw")
	p.AwaitThat("the page to be idle", patience, `true`)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.faults) != 2 || !strings.Contains(p.faults[0], "http://127.0.0.1:1/") || !strings.Contains(p.faults[1], "thrown") {
		t.Errorf("kept %q, want one request elsewhere and one error", p.faults)
	}
	p.faults = nil
}

// start runs a browser for the length of the test.
func start(t *testing.T) *Browser {
	t.Helper()
	b, err := Start(context.WithoutCancel(t.Context()), t.TempDir()) // it ends in the clean-up
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close the browser: %v", err)
		}
	})
	return b
}
