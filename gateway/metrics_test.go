package gateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMetricsOfAFunction holds what is there before the first request, and that Prometheus's rules are shown a function
// from that on.
func TestMetricsOfAFunction(t *testing.T) {
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), nil)
	shows := func(path string, lines ...string) {
		t.Helper()
		text := g.metricsText(t, path)
		for _, want := range lines {
			if !strings.Contains(text, want+"\n") {
				t.Errorf("%s has no line %s", path, want)
			}
		}
	}
	counts := []string{`gateway_service_count{function_name="echo"} 1`}
	settings := []string{
		`gateway_service_min{function_name="echo"} 1`,
		`gateway_service_max{function_name="echo"} 20`,
		`gateway_service_target_load{function_name="echo",scaling_type="rps"} 5`,
		`gateway_service_target_proportion{function_name="echo"} 0.9`,
		`gateway_service_down_window_seconds{function_name="echo"} 30`,
	}
	if text := g.metricsText(t, "/metrics/scaling"); text != "" {
		t.Errorf("/metrics/scaling of a function that nobody called:\n%s", text)
	}
	shows("/metrics", slices.Concat(counts, settings, []string{
		`gateway_function_invocation_started{function_name="echo"} 0`,
		`gateway_function_inflight_seconds_total{function_name="echo"} 0`,
		`gateway_function_invocation_inflight{function_name="echo"} 0`,
		`gateway_service_ready_count{function_name="echo"} 1`,
		`gateway_function_held{function_name="echo"} 0`,
		`gateway_function_invocation_total{code="200",function_name="echo"} 0`,
	})...)
	for range 3 {
		g.do(t, "POST", "/function/echo", "x")
	}
	shows("/metrics/scaling", slices.Concat(counts, settings, []string{
		`gateway_function_load_total{function_name="echo",scaling_type="rps"} 3`,
		`gateway_function_awake_seconds{function_name="echo"} 0`,
	})...)
	if n := strings.Count(g.metricsText(t, "/metrics/scaling"), "\ngateway_"); n != 8 {
		t.Errorf("/metrics/scaling has %d series of a function, want 8", n)
	}
	shows("/metrics",
		`gateway_function_invocation_started{function_name="echo"} 3`,
		`gateway_function_invocation_total{code="200",function_name="echo"} 3`,
		`gateway_functions_seconds_count{code="200",function_name="echo"} 3`)
}

func TestUnknownNamesMakeNoSeries(t *testing.T) {
	g := start(t, newFakeBackend(), nil)
	for i := range 20 {
		res, body := g.do(t, "GET", "/function/ghost"+strconv.Itoa(i), "")
		wantStatus(t, res, body, http.StatusNotFound)
	}
	if strings.Contains(g.metricsText(t, "/metrics"), "ghost") {
		t.Error("a name that a client made up became a label")
	}
}

func TestInflightIntegral(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	var l inflight
	l.add(at(0), 1)
	l.add(at(1000), 1) // one for a second
	l.add(at(1500), -1)
	l.add(at(1400), -1) // late to the lock: the clock does not go back
	n, integral := l.read(at(9000))
	if squares := l.readSquares(at(9000)); n != 0 || integral != 2 || squares != 3 {
		t.Errorf("%d in flight, integral %v, squares %v; want 0, 1·1 + 2·0.5 = 2, and 1·1 + 4·0.5 = 3", n, integral, squares)
	}
}
