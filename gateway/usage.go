package gateway

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"faas/api"
	"faas/function"
)

// CPU time is a counter: what is used now takes two samples of it.
const (
	// usageGap is the least time between them.
	usageGap = 250 * time.Millisecond
	// usageAge is how old the first may be; it is that of an earlier request then, and nobody waits.
	usageAge = 30 * time.Second
	// usageTimeout bounds the whole of it, and maxUsageScrapes how many replicas are asked at once.
	usageTimeout    = 3 * time.Second
	maxUsageScrapes = 16
	// maxUsage is beyond what a machine has. A function's image may say anything.
	maxUsage = 1e18
)

// usageSample is what one replica had used at one moment.
type usageSample struct {
	at     time.Time
	cpu    float64 // seconds
	memory float64 // bytes
}

// usageMeter measures what functions use. It remembers the last sample of each replica for a while.
type usageMeter struct {
	scrape func(ctx context.Context, addr string, header http.Header) (http.Header, []byte, error)
	room   chan struct{}

	mu   sync.Mutex
	last map[string]usageSample // by the replica's ID
}

func newUsageMeter(scrape func(context.Context, string, http.Header) (http.Header, []byte, error)) *usageMeter {
	return &usageMeter{scrape: scrape, room: make(chan struct{}, maxUsageScrapes), last: map[string]usageSample{}}
}

// measure returns what the replicas of s use together, or nil where none of them can tell.
func (m *usageMeter) measure(ctx context.Context, s function.Status) *api.FunctionUsage {
	ctx, cancel := context.WithTimeout(ctx, usageTimeout)
	defer cancel()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		total *api.FunctionUsage
	)
	for _, r := range s.Replicas {
		if !scrapable(r) {
			continue
		}
		wg.Go(func() {
			millicores, memory, ok := m.replica(ctx, r)
			if !ok {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if total == nil {
				total = &api.FunctionUsage{}
			}
			total.CPU += millicores
			total.TotalMemoryBytes += memory
		})
	}
	wg.Wait()
	return total
}

// replica returns what r uses now.
func (m *usageMeter) replica(ctx context.Context, r function.Replica) (millicores, memory float64, ok bool) {
	first, ok := m.recall(r.ID, time.Now())
	if !ok {
		if first, ok = m.sample(ctx, r); !ok {
			return 0, 0, false
		}
	}
	timer := time.NewTimer(usageGap - time.Since(first.at))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return 0, 0, false
	}
	second, ok := m.sample(ctx, r)
	return millicoresBetween(first, second), second.memory, ok
}

// millicoresBetween is the mean use of the CPU from one sample to the other. A counter that went back began anew.
func millicoresBetween(first, second usageSample) float64 {
	elapsed, used := second.at.Sub(first.at).Seconds(), second.cpu-first.cpu
	if elapsed <= 0 || used < 0 {
		return 0
	}
	return used / elapsed * 1000
}

// recall returns the last sample of the replica if it is not too old, and forgets all that are.
func (m *usageMeter) recall(id string, now time.Time) (usageSample, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for other, s := range m.last {
		if now.Sub(s.at) > usageAge {
			delete(m.last, other)
		}
	}
	s, ok := m.last[id]
	return s, ok
}

// sample asks r, and remembers the answer.
func (m *usageMeter) sample(ctx context.Context, r function.Replica) (usageSample, bool) {
	select {
	case m.room <- struct{}{}:
	case <-ctx.Done():
		return usageSample{}, false
	}
	defer func() { <-m.room }()
	_, body, err := m.scrape(ctx, r.MetricsAddr, http.Header{"Accept": {"text/plain; version=0.0.4"}})
	if err != nil {
		return usageSample{}, false
	}
	s, ok := readUsage(string(body))
	if s.at = time.Now(); ok {
		m.mu.Lock()
		m.last[r.ID] = s
		m.mu.Unlock()
	}
	return s, ok
}

// readUsage finds a sample in metrics in Prometheus's text format: those of a watchdog of ours, which are of its processes
// too, or else those that every Prometheus client has.
func readUsage(text string) (s usageSample, ok bool) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		return s, false
	}
	cpu, hasCPU := firstValue(families, "faas_function_cpu_seconds_total", "process_cpu_seconds_total")
	memory, hasMemory := firstValue(families, "faas_function_memory_bytes", "process_resident_memory_bytes")
	return usageSample{cpu: cpu, memory: memory}, hasCPU && hasMemory
}

// firstValue returns the value of the first of names that is there and can be used.
func firstValue(families map[string]*dto.MetricFamily, names ...string) (float64, bool) {
	for _, name := range names {
		for _, m := range families[name].GetMetric() {
			// Of the three one is there, and the others are 0.
			v := m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
			if simple := m.GetHistogram() == nil && m.GetSummary() == nil; simple && v >= 0 && v < maxUsage {
				return v, true
			}
		}
	}
	return 0, false
}

// wantsUsage reads the query parameter usage.
func wantsUsage(r *http.Request) (bool, error) {
	v := lastValue(r.URL.Query(), "usage")
	if v == "" {
		return false, nil
	}
	wants, err := strconv.ParseBool(v)
	if err != nil {
		return false, function.Invalidf("usage %.40q: write 1 or 0", v)
	}
	return wants, nil
}
