package past

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"faas/function"
)

// settings are the metrics that say what a function's labels say, with the labels' names.
var settings = map[string]string{
	"gateway_service_min":                   "min",
	"gateway_service_max":                   "max",
	"gateway_service_target_proportion":     "target-proportion",
	"gateway_service_down_window_seconds":   "down.window",
	"gateway_service_zero_duration_seconds": "zero-duration",
	"gateway_service_target_load":           "target.",
}

// slots is the signal under which a function's slots are told.
const slots = "slots"

// Labels are the scaling labels of a function at a time, as the gateway's metrics say them. Where there are several
// gateways they say the same. The error is of kind ErrNotFound for a function of which Prometheus has seen nothing.
func (c *Client) Labels(ctx context.Context, name string, at time.Time) (map[string]string, error) {
	query := fmt.Sprintf(`{__name__=~"gateway_service_.+",%s}`, of(name))
	vector, err := c.instant(ctx, query, at)
	if err != nil {
		return nil, err
	}
	labels := map[string]string{}
	var types []string
	for _, sample := range vector {
		setting, ok := settings[string(sample.Metric[model.MetricNameLabel])]
		if !ok {
			continue
		}
		switch setting {
		case "target.":
			signal := string(sample.Metric["scaling_type"])
			if signal == slots {
				setting = slots
				break
			}
			setting += signal
			if !slices.Contains(types, signal) {
				types = append(types, signal)
			}
		case "zero-duration": // only functions that go to zero have one
			labels[function.ScalingLabelPrefix+"zero"] = "true"
		}
		labels[function.ScalingLabelPrefix+setting] = value(setting, float64(sample.Value))
	}
	if len(types) == 0 {
		return nil, function.NotFoundf("Prometheus at %s has not seen function %s: there is none of that name, or it is new and will "+
			"be seen within %s", c.url, name, scrape)
	}
	slices.Sort(types)
	labels[function.ScalingLabelPrefix+"type"] = strings.Join(types, ",")
	return labels, nil
}

func value(setting string, v float64) string {
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if setting == "down.window" || setting == "zero-duration" {
		text += "s"
	}
	return text
}
