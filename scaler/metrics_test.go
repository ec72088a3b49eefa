package scaler

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
)

func gauge(t testing.TB, m prometheus.Metric) float64 {
	t.Helper()
	var out dto.Metric
	if err := m.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.GetGauge().GetValue()
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		s, _ := start(t, Options{Backend: functions(1, "resize"), Registerer: reg})
		for _, a := range []string{"firing 4 up 300ms", "firing 4 up 300ms", "firing x", "firing -"} {
			post(t, s, body(time.Now(), a))
			synctest.Wait()
		}
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		problems, err := promlint.NewWithMetricFamilies(families).Lint()
		if err != nil || len(problems) > 0 {
			t.Errorf("lint: %v, %v", problems, err)
		}
		var got []string
		for _, f := range families {
			for _, m := range f.GetMetric() {
				line := f.GetName()
				for _, l := range m.GetLabel() {
					line += " " + l.GetValue()
				}
				n := m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
				got = append(got, fmt.Sprintf("%s %v", line, n))
			}
		}
		slices.Sort(got)
		want := []string{
			"gateway_control_loop_up 1",
			"gateway_scaling_backend_errors_total 0",
			"gateway_scaling_decisions_total alert applied scaled 1",
			"gateway_scaling_decisions_total alert held invalid 1",
			"gateway_scaling_decisions_total alert held unchanged 1",
			"gateway_scaling_decisions_total step applied scaled 1",
			"gateway_scaling_stage_duration_seconds accepted_to_ready 2",
			"gateway_scaling_stage_duration_seconds alert_to_received 2",
			"gateway_scaling_stage_duration_seconds received_to_accepted 2",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("metrics (-want +got):\n%s", diff)
		}
	})
}
