package contract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"faas/e2e/stock"
)

// readSecret is a process that answers with a secret. Where there is no mount, the backend says where it is instead.
func readSecret(name string) string {
	return `sh -c "cat ${secret_mount_path:-/var/openfaas/secrets/}` + name + `"`
}

// secrets takes some through their life, in the words of each age.
func secrets(t *test) {
	for i, age := range stock.Ages() {
		c := t.client(age)
		name := fmt.Sprintf("%ssecret%d", t.Prefix, i)
		s := stock.Secret{Name: name, Namespace: []string{"", "openfaas-fn", "openfaas-fn"}[i], Value: "one"}
		t.code("update of what is not there", c.UpdateSecret(t.Context(), s), http.StatusNotFound)
		t.must("create", c.CreateSecret(t.Context(), s))
		t.code("create again", c.CreateSecret(t.Context(), s), http.StatusConflict)
		t.code("create without a value", c.CreateSecret(t.Context(), stock.Secret{Name: name + "x"}), http.StatusBadRequest)
		list, err := c.Secrets(t.Context(), "openfaas-fn")
		t.must("list", err)
		at := slices.IndexFunc(list, func(s stock.Secret) bool { return s.Name == name })
		if at < 0 || list[at].Value != "" || list[at].RawValue != nil || list[at].Namespace != "openfaas-fn" {
			t.Errorf("%s: the list is %+v", age, list)
		}
		t.must("update", c.UpdateSecret(t.Context(), s))
		t.must("remove", c.RemoveSecret(t.Context(), name, s.Namespace))
		t.code("remove again", c.RemoveSecret(t.Context(), name, s.Namespace), http.StatusNotFound)
	}
	sdk := t.client(stock.Age2025).SDK()
	raw := stock.Secret{Name: t.Prefix + "raw", RawValue: []byte("\x00\xff binary"), Value: "not this"}
	t.must("create by go-sdk", sdk.CreateSecret(t.Context(), raw))
	t.must("remove by go-sdk", sdk.RemoveSecret(t.Context(), raw.Name, ""))
	t.code("the gateway's own", sdk.CreateSecret(t.Context(), stock.Secret{Name: "basic-auth-password", Value: "x"}), http.StatusBadRequest)
}

// secretReplaced gives a running function's two replicas a new value, while they are called all the time.
func secretReplaced(t *test) {
	c := t.client(stock.Age2025)
	secret := stock.Secret{Name: t.Prefix + "replaced", Value: "before"}
	t.must("create", c.CreateSecret(t.Context(), secret))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), bound)
		defer cancel()
		if err := c.RemoveSecret(ctx, secret.Name, ""); err != nil { // the function is gone by now
			t.Errorf("remove: %v", err)
		}
	})
	s := t.spec("replaced", readSecret(secret.Name))
	s.Secrets, s.Labels = []string{secret.Name}, map[string]string{"com.openfaas.scale.min": "2", "com.openfaas.scale.max": "2"}
	t.deploy(c, s)
	t.code("remove what is in use", c.RemoveSecret(t.Context(), secret.Name, ""), http.StatusConflict)
	t.answers(c, s.Name, "before")

	ctx, stop := context.WithCancel(t.Context())
	var calling sync.WaitGroup
	var failures []error
	calling.Go(func() { failures = callUntil(ctx, c, s.Name, "before", "after") })
	secret.Value = "after"
	t.must("update", c.UpdateSecret(t.Context(), secret))
	// The second replica is replaced after the first, and each goes on for a while beside its successor.
	inRow := 0
	t.eventually("all replicas have the new value", func() error {
		a, err := c.Invoke(t.Context(), stock.Invocation{Name: s.Name})
		if inRow++; err != nil || a.Body != "after" {
			inRow = 0
		}
		if err == nil && inRow < 10 {
			err = fmt.Errorf("it answers %q, and the new value %d times in a row", a.Body, inRow)
		}
		return err
	})
	stop()
	calling.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Errorf("calls meanwhile: %v", err)
	}
	f, err := c.Describe(t.Context(), s.Name, "")
	if err != nil || !slices.Equal(f.Secrets, s.Secrets) {
		t.Errorf("its secrets are %q, %v; want %q", f.Secrets, err, s.Secrets)
	}
}

// callUntil calls a function 50 times a second until ctx ends, and returns what was not answered with one of these bodies.
func callUntil(ctx context.Context, c *stock.Client, name string, bodies ...string) []error {
	var failures []error
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return failures
		case <-tick.C:
		}
		a, err := c.Invoke(context.WithoutCancel(ctx), stock.Invocation{Name: name})
		if err == nil && !slices.Contains(bodies, a.Body) {
			err = fmt.Errorf("answer %q", a.Body)
		}
		if err != nil {
			failures = append(failures, err)
		}
	}
}
