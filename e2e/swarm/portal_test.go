package swarm

import (
	"context"
	"testing"
	"time"

	"faas/e2e"
	"faas/e2e/browser"
)

// testPortal looks at a function of the Swarm with a browser while a load comes and goes.
func (s stack) testPortal(t *testing.T) {
	b, err := browser.Start(context.WithoutCancel(t.Context()), t.TempDir()) // it ends in the clean-up
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close the browser: %v", err)
		}
	})
	password, err := s.Password()
	if err != nil {
		t.Fatal(err)
	}
	s.deploy(t, server("shown", map[string]string{"down.window": "10s"}))
	p := b.Open(t, s.Gateway())
	p.Go("/ui/functions/shown/replicas")
	p.SignIn(password)
	p.AwaitLive(true)
	node, err := s.Engine().Docker(t.Context(), "info", "-f", "{{.Name}}")
	if err != nil {
		t.Fatal(err)
	}
	p.AwaitThat("the replica's node", 10*second, `document.querySelector("main").innerText.includes("`+node+`")`)
	p.Go("/ui/functions/shown")
	load := e2e.Scenario{
		e2e.At(0, e2e.Offer("shown", 20)),
		e2e.At(8*time.Second, e2e.Offer("shown", 0)),
		e2e.Between(0, 8*time.Second, e2e.Reaches("shown", 4, 6)),
		e2e.During(0, 8*time.Second, e2e.NoFailedRequest("shown")),
	}
	e2e.Play(t, s, load)
	p.AwaitThat("the decision for more", 10*second, `[...document.querySelectorAll('[data-testid^="decision-"]')].some(e => /FunctionScale/.test(e.textContent))`)
	p.Picture("swarm")
	p.AwaitThat("one replica again", 60*second, `/^1\/1 shown/.test(document.title)`)
}
