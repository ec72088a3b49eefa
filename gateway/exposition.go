package gateway

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// expositionType is the type of Prometheus's text format, which every version of it reads.
const expositionType = "text/plain; version=0.0.4; charset=utf-8"

// exposition writes families of all functions in Prometheus's text format, and what a registry has. What the rules read
// is scraped four times a second, and client_golang's registry spends most of such a scrape on what cannot go wrong
// here: a metric object for each series, checks that no two are the same, and sorting. BenchmarkScalingScrape compares
// the two.
type exposition struct {
	routes   *table
	depth    func(function string) (int, bool)
	families []family
	brief    bool                // without functions at rest
	others   prometheus.Gatherer // nil: there are none
	buffers  sync.Pool           // of *[]byte
}

func newExposition(routes *table, depth func(string) (int, bool), families []family) *exposition {
	e := &exposition{routes: routes, depth: depth, families: families}
	e.buffers.New = func() any { return new([]byte) }
	return e
}

// serve answers a scrape. It is not compressed: whoever scrapes is near, and both would work for it.
func (e *exposition) serve(w http.ResponseWriter, _ *http.Request) error {
	buffer := e.buffers.Get().(*[]byte)
	defer e.buffers.Put(buffer)
	*buffer = e.append((*buffer)[:0], time.Now())
	if e.others != nil {
		var err error
		if *buffer, err = appendGathered(*buffer, e.others); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", expositionType)
	w.Header().Set("Content-Length", strconv.Itoa(len(*buffer)))
	_, _ = w.Write(*buffer) // a client that left is no news
	return nil
}

// appendGathered appends what g has.
func appendGathered(b []byte, g prometheus.Gatherer) ([]byte, error) {
	families, err := g.Gather()
	if err != nil {
		return b, fmt.Errorf("gather metrics: %w", err)
	}
	to := bytes.NewBuffer(b)
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(to, f); err != nil {
			return b, fmt.Errorf("write metrics: %w", err)
		}
	}
	return to.Bytes(), nil
}

// append appends the text as of now.
func (e *exposition) append(b []byte, now time.Time) []byte {
	routes := e.routes.sorted()
	readings := make([]reading, 0, len(routes))
	for _, route := range routes {
		r := reading{route: route, status: route.status.Load(), now: now, depth: e.depth}
		if e.brief && !r.wake() {
			continue
		}
		readings = append(readings, r)
	}
	for i := range e.families {
		f := &e.families[i]
		start := len(b)
		b = f.appendHead(b)
		head := len(b)
		var label string
		emit := func(scalingType string, v float64) {
			b = append(append(b, f.name...), label...)
			if f.typed {
				b = append(append(b, `",scaling_type="`...), scalingType...)
			}
			b = append(b, `"} `...)
			b = append(appendValue(b, v), '\n')
		}
		for _, r := range readings {
			label = r.route.label
			f.read(r, emit)
		}
		if len(b) == head { // a family without a series is not there
			b = b[:start]
		}
	}
	return b
}

func (f *family) appendHead(b []byte) []byte {
	kind := " gauge\n"
	if f.kind == prometheus.CounterValue {
		kind = " counter\n"
	}
	for _, part := range []string{"# HELP ", f.name, " ", f.help, "\n# TYPE ", f.name, kind} {
		b = append(b, part...)
	}
	return b
}

// appendValue appends v in its shortest form. Most are small whole numbers.
func appendValue(b []byte, v float64) []byte {
	if n := int64(v); float64(n) == v && -1e15 < v && v < 1e15 && !(v == 0 && math.Signbit(v)) {
		return strconv.AppendInt(b, n, 10)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

// functionLabel starts the labels of a function's series, up to the quote that closes its name.
func functionLabel(name string) string {
	return `{function_name="` + strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(strings.ToValidUTF8(name, "�"))
}
