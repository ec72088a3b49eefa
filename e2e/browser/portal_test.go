package browser

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faas/e2e"
)

// TestPortal goes through the portal of a running system as a person would. The system is one for all, with the sample
// functions; what a test changes, it does to a function of its own.
func TestPortal(t *testing.T) {
	t.Parallel()
	b, sys := start(t), startSamples(t)
	t.Run("sign in", func(t *testing.T) { testSignIn(t, b, sys) })
	t.Run("visits", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, *Page){
			"list":               testList,
			"samples":            testSamples,
			"life of a function": testLife,
			"thresholds":         testThresholds,
			"frozen":             testFrozen,
			"load":               func(t *testing.T, p *Page) { testLoad(t, p, sys) },
			"logs":               testLogs,
			"foreign pages":      func(t *testing.T, p *Page) { testForeignPages(t, p, sys) },
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, signedIn(t, b, sys, "/ui/"))
			})
		}
	})
	t.Run("looks", func(t *testing.T) { testLooks(t, signedIn(t, b, sys, "/ui/"), sys) })
	t.Run("gateway restarts", func(t *testing.T) { testRestart(t, signedIn(t, b, sys, "/ui/"), sys) })
}

// startSamples runs a system with the sample functions for the length of the test.
func startSamples(t *testing.T) *e2e.Up {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "functions/stack.yml"))
	if err != nil {
		t.Fatal(err)
	}
	return startSystem(t, strings.ReplaceAll(string(text), "handler: ./", "handler: "+root+"/functions/"))
}

// startSystem runs a system for the length of the test.
func startSystem(t *testing.T, stack string) *e2e.Up {
	t.Helper()
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(bin, "faas")); err != nil {
		t.Fatalf("%v: run `make test-e2e`, which builds the programs first", err)
	}
	sys, err := e2e.Start(t.Context(), e2e.Options{Bin: bin, Dir: t.TempDir(), Stack: stack})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if t.Failed() {
			t.Logf("faas up printed:\n%s", sys.Log())
		}
	})
	return sys
}

// password is that of user admin.
func password(t testing.TB, sys *e2e.Up) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(sys.Data(), "secrets", "basic-auth-password"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// signedIn opens a tab, signs in and is at path then.
func signedIn(t *testing.T, b *Browser, sys *e2e.Up, path string) *Page {
	t.Helper()
	p := b.Open(t, sys.Gateway())
	p.Go(path)
	p.SignIn(password(t, sys))
	return p
}

func testSignIn(t *testing.T, b *Browser, sys *e2e.Up) {
	p := b.Open(t, sys.Gateway())
	p.Go("/ui/functions/echoit/logs")
	p.Fill("sign-in-user", "admin")
	p.Fill("sign-in-password", "wrong")
	p.Click("sign-in-submit")
	p.AwaitThat("the refusal to be told", patience, `document.body.innerText.includes("wrong user or password")`)
	p.SignIn(password(t, sys))
	p.AwaitThat("the page that was asked for", patience, `location.pathname === "/ui/functions/echoit/logs"`)
	if cookies := Eval[string](p, `document.cookie`); cookies != "" {
		t.Errorf("scripts can read the cookies %q", cookies)
	}
	p.Click("sign-out")
	p.Await("sign-in-submit", "")
}

func testList(_ *testing.T, p *Page) {
	p.AwaitLive(true)
	for _, name := range []string{"echoit", "wordcount", "nodeinfo", "work"} {
		p.Await("row-"+name, name)
	}
	p.Picture("list")
	p.Keys("/")
	p.AwaitThat("the filter to have the focus", patience, `document.activeElement?.dataset.testid === "filter"`)
	p.Fill("filter", "wordc")
	p.AwaitGone("row-echoit")
	p.Await("row-wordcount", "wordcount")
}
