package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"faas/internal/httperr"
)

// TestRehearseNewFunction holds where the settings come from of a function that Prometheus has not seen.
func TestRehearseNewFunction(t *testing.T) {
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	}))
	defer prometheus.Close()
	names := `{"name":"b"},{"name":"a"}`
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/system/functions/a/scaling":
			fmt.Fprint(w, `{"function":"a","labels":{"com.openfaas.scale.target":"7"},"scaling":{"slots":3}}`)
		case "/system/functions":
			fmt.Fprint(w, "["+names+"]")
		default:
			httperr.Refuse(w, http.StatusNotFound, `function "x" does not exist`)
		}
	}))
	defer gateway.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	seen := "Prometheus at " + prometheus.URL + " has not seen function a: there is none of that name, or it is new and will be seen within 10s; "
	for _, tt := range []struct {
		name, function, names string
		gateway               string
		want                  string // of the settings, or of the error
	}{
		{"known", "a", names, gateway.URL, "rps 7 × 0.9, 1 to 20 replicas, down window 30s, 3 slots"},
		{"unknown", "x", names, gateway.URL, "--function x: there is no function x; there are a, b (--stack"},
		{"unknown among many", "x", names + strings.Repeat(`,{"name":"c"}`, 9), gateway.URL, "there is no function x; `faas list` shows the 11 that there are"},
		{"unknown, and there are none", "x", "", gateway.URL, "there is no function x; there is none at all"},
		{"no gateway is named", "a", names, "", seen + "--gateway URL asks there as well"},
		{"the gateway is away", "a", names, "http://127.0.0.1:1", seen + "the gateway cannot tell: http://127.0.0.1:1 cannot be reached"},
		{"it is no gateway", "a", names, other.URL, seen + "the gateway cannot tell: 404 page not found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			names = tt.names
			args := []string{"--length=1s", "--prometheus", prometheus.URL, "--function", tt.function}
			if tt.gateway != "" {
				args = append(args, "--gateway", tt.gateway)
			}
			r, _, err := rehearsed(t, args...)
			got := fmt.Sprint(err)
			if err == nil {
				got = r.Contenders[0].Detail
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
