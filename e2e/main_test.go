package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// binaries is where `make build binaries` puts what the tests run.
func binaries(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../bin")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"faas", "fwatchdog"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Fatalf("%v: run `make test-e2e`, which builds the programs first", err)
		}
	}
	return dir
}

// fn is a function of a test's stack file; labels are scaling settings without their prefix.
type fn struct {
	name    string
	process string
	labels  []string
}

// stack writes the stack file of functions.
func stack(functions ...fn) string {
	var b strings.Builder
	b.WriteString("version: 1.0\nprovider:\n  name: openfaas\nfunctions:\n")
	for _, f := range functions {
		if f.process == "" {
			f.process = "cat"
		}
		fmt.Fprintf(&b, "  %s:\n    lang: dockerfile\n    handler: ./handler\n    image: example/%s:latest\n", f.name, f.name)
		fmt.Fprintf(&b, "    environment:\n      fprocess: %q\n    labels:\n", f.process)
		for _, l := range f.labels {
			key, value, _ := strings.Cut(l, "=")
			fmt.Fprintf(&b, "      com.openfaas.scale.%s: %q\n", key, value)
		}
	}
	return b.String()
}

// startSystem runs a system with functions for the length of the test, and holds it to leaving nothing
// behind.
func startSystem(t *testing.T, functions ...fn) *Up {
	t.Helper()
	return startSystemWith(t, nil, functions...)
}

// startSystemWith does so with flags of `faas up`.
func startSystemWith(t *testing.T, flags []string, functions ...fn) *Up {
	t.Helper()
	sys, err := Start(t.Context(), Options{Bin: binaries(t), Dir: t.TempDir(), Stack: stack(functions...), Flags: flags})
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

const second = time.Second
