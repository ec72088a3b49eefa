package usage

import "github.com/prometheus/client_golang/prometheus"

// A sample is what was used.
type sample struct {
	cpu    float64 // seconds, since the start of the function
	memory float64 // bytes, now
}

// A source takes samples, for many goroutines at once.
type source interface {
	sample() (sample, error)
}

// A collector makes metrics of the samples of a source.
type collector struct {
	from        source
	cpu, memory *prometheus.Desc
}

func newCollector(from source) *collector {
	return &collector{
		from: from,
		cpu: prometheus.NewDesc("faas_function_cpu_seconds_total",
			"Processor time of the watchdog and all processes of the function, ended ones included.", nil, nil),
		memory: prometheus.NewDesc("faas_function_memory_bytes",
			"Memory of the watchdog and all running processes of the function.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	to <- c.cpu
	to <- c.memory
}

// Collect implements prometheus.Collector. Where nothing can be read it leaves
// out its metrics, so that the others are still served.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	s, err := c.from.sample()
	if err != nil {
		return
	}
	to <- prometheus.MustNewConstMetric(c.cpu, prometheus.CounterValue, s.cpu)
	to <- prometheus.MustNewConstMetric(c.memory, prometheus.GaugeValue, s.memory)
}
