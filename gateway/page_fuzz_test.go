package gateway

import (
	"net/http"
	"slices"
	"testing"

	"faas/gateway/session"
)

// FuzzHideSession checks that no cookie that net/http finds is the session's, and that all others stay.
func FuzzHideSession(f *testing.F) {
	f.Add("a=1; faas_session=x; b=2")
	f.Add("faas_session")
	f.Add(`a="x;faas_session=y"`)
	f.Fuzz(func(t *testing.T, line string) {
		before, after := http.Header{"Cookie": {line}}, http.Header{"Cookie": {line}}
		hideSession(after)
		var want []string
		for _, c := range (&http.Request{Header: before}).Cookies() {
			if c.Name != session.Cookie {
				want = append(want, c.String())
			}
		}
		var got []string
		for _, c := range (&http.Request{Header: after}).Cookies() {
			got = append(got, c.String())
		}
		if !slices.Equal(want, got) {
			t.Errorf("%q became %q: %q, want %q", line, after["Cookie"], got, want)
		}
	})
}
