package gateway

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestScalingMetricsExistBeforeTheFirstRequest(t *testing.T) {
	g := start(t, newFakeBackend(status("echo", replica(t, echo))), nil)
	scaling := g.metricsText(t, "/metrics/scaling")
	for _, want := range []string{
		`gateway_function_invocation_started{function_name="echo"} 0`,
		`gateway_function_inflight_seconds_total{function_name="echo"} 0`,
		`gateway_service_count{function_name="echo"} 1`,
		`gateway_service_ready_count{function_name="echo"} 1`,
		`gateway_service_min{function_name="echo"} 1`,
		`gateway_service_max{function_name="echo"} 20`,
		`gateway_service_target_load{function_name="echo",scaling_type="rps"} 5`,
		`gateway_service_target_proportion{function_name="echo"} 0.9`,
		`gateway_service_down_window_seconds{function_name="echo"} 30`,
		`gateway_function_held{function_name="echo"} 0`,
	} {
		if !strings.Contains(scaling, want+"\n") {
			t.Errorf("/metrics/scaling has no line %s", want)
		}
	}
	if strings.Contains(scaling, "gateway_functions_seconds") || strings.Contains(scaling, "zero_duration") {
		t.Error("/metrics/scaling has what it should not have")
	}
	for range 3 {
		g.do(t, "POST", "/function/echo", "x")
	}
	all := g.metricsText(t, "/metrics")
	for _, want := range []string{
		`gateway_function_invocation_started{function_name="echo"} 3`,
		`gateway_function_invocation_total{code="200",function_name="echo"} 3`,
		`gateway_functions_seconds_count{code="200",function_name="echo"} 3`,
	} {
		if !strings.Contains(all, want+"\n") {
			t.Errorf("/metrics has no line %s", want)
		}
	}
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
	if n != 0 || integral != 2 {
		t.Errorf("%d in flight, integral %v; want 0 and 1·1 + 2·0.5 = 2", n, integral)
	}
}
