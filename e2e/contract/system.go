package contract

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"faas"
	"faas/e2e"
	"faas/e2e/stock"
	"faas/internal/apitest"
)

// System is a running faas, and what the contract must know of it.
type System struct {
	e2e.System
	// User and Password are those of the API.
	User, Password string
	// Image has this project's watchdog, and cat, env, sh and wc. The local backend takes any name.
	Image string
	// Prefix begins the names of all that is made.
	Prefix string
	// Goroutines is how many the gateway has now, as its metrics tell.
	Goroutines func(context.Context) (int, error)
	// Inventory lists what must be the same when all functions and secrets are gone again.
	Inventory func(context.Context) ([]string, error)
	// Gateway and Watchdog find processes of this machine: the gateway, and the watchdog of a function's only replica.
	GatewayPID  func(context.Context) (int, error)
	WatchdogPID func(ctx context.Context, function string) (int, error)
	// Awake is the share of functions with a replica in the test of many calls. The others have none.
	Awake float64
}

// second is how long one is, for tables of times.
const second = time.Second

// bound is the longest time that anything may take which is not measured.
const bound = 60 * second

// pause is between two tries, which are so few that no function is scaled for them.
const pause = 300 * time.Millisecond

// test is one that runs on a System.
type test struct {
	*testing.T
	System
	described *apitest.Spec
}

// Calls holds sys to what clients send and read. Its tests run at once.
func Calls(t *testing.T, sys System) {
	t.Helper()
	described := describe(t)
	for name, run := range map[string]func(*test){
		"login":                      login,
		"version and namespaces":     version,
		"ready":                      ready,
		"functions come and go":      functions,
		"functions by go-sdk":        functionsBySDK,
		"as it was deployed":         verbatim,
		"invoke":                     invoke,
		"invoke later":               invokeLater,
		"secrets come and go":        secrets,
		"a replaced secret arrives":  secretReplaced,
		"logs":                       logs,
		"logs followed":              logsFollowed,
		"a log ends":                 logEnds,
		"two at once, none at once":  counts,
		"what is wrong is told":      refusals,
		"usage of running functions": usage,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(&test{t, sys, described})
		})
	}
}

// Scaling holds sys to OpenFaaS's own test of it, and to changing how a function scales while it is called.
func Scaling(t *testing.T, sys System) {
	t.Helper()
	described := describe(t)
	for name, run := range map[string]func(*test){"ten a second": tenPerSecond, "tuned": tunedUnderLoad} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(&test{t, sys, described})
		})
	}
}

// Load holds sys to much: a large body, many followers and many calls. It wants the system for itself.
func Load(t *testing.T, sys System) {
	t.Helper()
	described := describe(t)
	t.Run("a gibibyte", func(t *testing.T) { gibibyte(&test{t, sys, described}) })
	t.Run("followers leave", func(t *testing.T) { followersLeave(&test{t, sys, described}) })
	t.Run("ten thousand calls", func(t *testing.T) { tenThousand(&test{t, sys, described}) })
}

// describe reads the description of the API.
func describe(t *testing.T) *apitest.Spec {
	t.Helper()
	described, err := apitest.Load(faas.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	return described
}

// client is a stock client with the login. Every answer that it gets is held to the description of the API.
func (t *test) client(age stock.Age) *stock.Client {
	c := stock.New(t.Gateway(), age, t.User, t.Password)
	c.Through(func(base http.RoundTripper) http.RoundTripper {
		return &apitest.Transport{Spec: t.described, Base: base, Report: func(err error) { t.Errorf("%s: %v", age, err) }}
	})
	t.Cleanup(c.Close)
	return c
}

// spec is a function that runs a process for each request.
func (t *test) spec(name, process string) stock.Spec {
	return stock.Spec{Name: t.Prefix + name, Image: t.Image, Process: process}
}

// deploy runs a function for the length of the test and returns when it has a replica.
func (t *test) deploy(c *stock.Client, s stock.Spec) {
	t.Helper()
	t.must("deploy", c.Deploy(t.Context(), s))
	t.remove(c, s.Name)
	t.must("ready", c.FunctionReady(t.Context(), s.Name, "", 400, 100*time.Millisecond))
}

// remove takes a function away with the test.
func (t *test) remove(c *stock.Client, name string) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), bound) // the test's own has ended
		defer cancel()
		if err := c.Remove(ctx, name, ""); err != nil {
			t.Errorf("remove %s: %v", name, err)
		}
	})
}

// must fails the test at once.
func (t *test) must(what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// code wants err to tell of an answer with this status.
func (t *test) code(what string, err error, want int) {
	t.Helper()
	if got := stock.Code(err); got != want {
		t.Errorf("%s: %v, want status %d", what, err, want)
	}
}

// eventually tries until there is no error, or bound is over.
func (t *test) eventually(what string, try func() error) {
	t.Helper()
	late := time.NewTimer(bound)
	defer late.Stop()
	again := time.NewTicker(pause)
	defer again.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-again.C:
		case <-late.C:
			t.Fatalf("%s, after %s: %v", what, bound, err)
		}
	}
}

// answers tries until a function answers with this body.
func (t *test) answers(c *stock.Client, name, want string) {
	t.Helper()
	t.eventually(name+" answers "+want, func() error {
		a, err := c.Invoke(t.Context(), stock.Invocation{Name: name})
		if err == nil && a.Body != want {
			err = fmt.Errorf("it answers %q", a.Body)
		}
		return err
	})
}
