package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHello(t *testing.T) {
	for body, want := range map[string]string{"": "Hello, world!\n", " Ada\n": "Hello, Ada!\n", strings.Repeat("x", 1025): "send a name of at most 1024 bytes\n"} {
		w := httptest.NewRecorder()
		hello(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body)))
		if w.Body.String() != want {
			t.Errorf("%q: %q, want %q", body, w.Body, want)
		}
	}
}
