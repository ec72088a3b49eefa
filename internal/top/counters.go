package top

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"faas/function"
)

// Counters are the gateway's metrics of one function at one moment.
type Counters struct {
	// Started counts arrivals, Ended answers and Failed those of them with a status of 500 or above.
	Started, Ended, Failed float64
	// InflightSeconds is the number of invocations in flight, integrated over time.
	InflightSeconds float64
	// Queued is the number of invocations that are held for want of a replica.
	Queued float64
	// Min and Max bound the replicas.
	Min, Max float64
	// Signals are what the replicas follow.
	Signals []function.Signal
	// Seconds is the distribution of the time to answer, SecondsSum the sum of these times.
	Seconds    Histogram
	SecondsSum float64
}

// ParseMetrics reads the text of the gateway's /metrics into Counters by function.
func ParseMetrics(r io.Reader) (map[string]Counters, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(r)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	counters := map[string]Counters{}
	for name, family := range families {
		if !strings.HasPrefix(name, "gateway_") {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range metric.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			function, ok := labels["function_name"]
			if !ok {
				continue
			}
			c := counters[function]
			c.read(name, labels, metric)
			counters[function] = c
		}
	}
	return counters, nil
}

func (c *Counters) read(name string, labels map[string]string, m *dto.Metric) {
	v := value(m)
	switch name {
	case "gateway_function_invocation_started":
		c.Started = v
	case "gateway_function_invocation_total":
		c.Ended += v
		if strings.HasPrefix(labels["code"], "5") {
			c.Failed += v
		}
	case "gateway_function_inflight_seconds_total":
		c.InflightSeconds = v
	case "gateway_function_held":
		c.Queued = v
	case "gateway_service_min":
		c.Min = v
	case "gateway_service_max":
		c.Max = v
	case "gateway_service_target_load":
		c.Signals = append(c.Signals, function.Signal{Type: function.ScalingType(labels["scaling_type"]), Target: v})
	case "gateway_functions_seconds":
		c.Seconds = c.Seconds.add(histogram(m.GetHistogram()))
		c.SecondsSum += m.GetHistogram().GetSampleSum()
	}
}

func value(m *dto.Metric) float64 {
	switch {
	case m.Counter != nil:
		return m.Counter.GetValue()
	case m.Gauge != nil:
		return m.Gauge.GetValue()
	}
	return m.GetUntyped().GetValue()
}

func histogram(h *dto.Histogram) Histogram {
	var out Histogram
	for _, b := range h.GetBucket() {
		if !math.IsInf(b.GetUpperBound(), 1) {
			out = append(out, Bucket{Upper: b.GetUpperBound(), Count: float64(b.GetCumulativeCount())})
		}
	}
	slices.SortFunc(out, func(a, b Bucket) int {
		if a.Upper < b.Upper {
			return -1
		}
		return 1
	})
	return append(out, Bucket{Upper: math.Inf(1), Count: float64(h.GetSampleCount())})
}
