package gateway

import (
	"net/url"
	"strings"
	"testing"

	"faas/function"
)

func TestSplitInvocation(t *testing.T) {
	for _, c := range []struct{ in, name, path string }{
		{"/function/echo", "echo", "/"},
		{"/function/echo/", "echo", "/"},
		{"/function/echo.openfaas-fn", "echo", "/"},
		{"/function/echo.openfaas-fn/a/b", "echo", "/a/b"},
		{"/function/a.b/c%2Fd//e?x=1", "a.b", "/c%2Fd//e"},
		{"/function/echo/../../system/functions", "echo", "/../../system/functions"},
		{"/function/", "", "/"},
	} {
		u, err := url.ParseRequestURI(c.in)
		if err != nil {
			t.Fatal(err)
		}
		name, path, ok := splitInvocation(u, invokePrefix)
		if !ok || name != c.name || path != c.path {
			t.Errorf("%s: %q %q %v, want %q %q", c.in, name, path, ok, c.name, c.path)
		}
	}
	for _, in := range []string{"/", "/functions", "/function", "/system/functions"} {
		if _, _, ok := splitInvocation(&url.URL{Path: in}, invokePrefix); ok {
			t.Errorf("%s is no invocation", in)
		}
	}
}

func FuzzInvocationPath(f *testing.F) {
	for _, s := range []string{"/function/echo", "/function/%2e%2e/x", "/function//", "/function/a%zz", "/function/é.openfaas-fn/ü?q"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		u, err := url.ParseRequestURI(in)
		if err != nil {
			t.Skip() // the server refuses it before us
		}
		name, path, ok := splitInvocation(u, invokePrefix)
		if ok && (!strings.HasPrefix(path, "/") || strings.HasSuffix(name, "."+function.Namespace+"."+function.Namespace)) {
			t.Errorf("%q: name %q path %q", in, name, path)
		}
	})
}
