package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// functionCollector shows families in a registry, beside what else is there.
type functionCollector struct {
	routes   *table
	depth    func(function string) (int, bool)
	families []family
	descs    []*prometheus.Desc // one for each family
}

func newFunctionCollector(routes *table, depth func(string) (int, bool), families []family) functionCollector {
	c := functionCollector{routes: routes, depth: depth, families: families}
	for _, f := range families {
		labels := []string{"function_name"}
		if f.typed {
			labels = append(labels, "scaling_type")
		}
		c.descs = append(c.descs, prometheus.NewDesc(f.name, f.help, labels, nil))
	}
	return c
}

// Describe implements prometheus.Collector.
func (c functionCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c functionCollector) Collect(ch chan<- prometheus.Metric) {
	now := time.Now()
	for _, r := range c.routes.sorted() {
		seen := reading{route: r, status: r.status.Load(), now: now, depth: c.depth}
		for i, f := range c.families {
			f.read(seen, func(scalingType string, v float64) {
				labels := []string{r.name}
				if f.typed {
					labels = append(labels, scalingType)
				}
				ch <- prometheus.MustNewConstMetric(c.descs[i], f.kind, v, labels...)
			})
		}
	}
}
