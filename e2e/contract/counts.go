package contract

import (
	"fmt"
	"time"

	"faas/e2e"
	"faas/e2e/stock"
)

// counts deploys a function that wants two replicas, and sends it to sleep.
func counts(t *test) {
	c := t.client(stock.Age2025)
	s := t.spec("two", "cat")
	s.Labels = map[string]string{"com.openfaas.scale.min": "2"}
	t.must("deploy", c.Deploy(t.Context(), s))
	t.remove(c, s.Name)
	e2e.Watch(t, t.System.System, s.Name)
	f, err := c.Describe(t.Context(), s.Name, "")
	if err != nil || f.Replicas != 2 {
		t.Errorf("right after the deployment it has %d replicas, %v; want 2", f.Replicas, err)
	}
	t.eventually("two are available", func() error {
		f, err := c.Describe(t.Context(), s.Name, "")
		if err == nil && f.AvailableReplicas != 2 {
			err = fmt.Errorf("%d are", f.AvailableReplicas)
		}
		return err
	})
	for _, name := range []string{s.Name, s.Name + ".openfaas-fn"} {
		t.must("scale to none", c.Scale(t.Context(), name, "", 0))
		if f, err := c.Describe(t.Context(), name, ""); err != nil || f.Replicas != 0 {
			t.Errorf("right after it was scaled to none %s has %d replicas, %v", name, f.Replicas, err)
		}
		if a, err := c.Invoke(t.Context(), stock.Invocation{Name: s.Name, Body: []byte("wake")}); err != nil || a.Body != "wake" {
			t.Errorf("%s, invoked at none, answers %q, %v", name, a.Body, err)
		}
	}
}

// tenPerSecond is OpenFaaS's own test of scaling, with the labels that it has by default but for the maximum.
func tenPerSecond(t *test) {
	c := t.client(stock.Age2025)
	s := t.spec("rps", "cat")
	s.Labels = map[string]string{"com.openfaas.scale.max": "2"}
	t.deploy(c, s)
	const end = 20 * second
	e2e.Play(t, t.System.System, e2e.Scenario{
		e2e.At(0, e2e.Offer(s.Name, 10)),
		e2e.Between(0, end, e2e.Reaches(s.Name, 2, 2)),
		e2e.Between(0, end, e2e.Serves(s.Name, 2)),
		e2e.At(end, e2e.Offer(s.Name, 0)),
		e2e.During(0, end, e2e.NoFailedRequest(s.Name)),
	})
	ended := time.Now()
	t.eventually("it has one replica again", func() error {
		f, err := c.Describe(t.Context(), s.Name, "")
		if err == nil && f.Replicas != 1 {
			err = fmt.Errorf("%d", f.Replicas)
		}
		return err
	})
	t.Logf("one replica %s after the load", time.Since(ended).Round(100*time.Millisecond))
}
