package main

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// Units, as Grafana calls them.
const (
	requestsPerSecond = "reqps"
	perMinute         = "cpm"
	seconds           = "s"
	bytesUnit         = "bytes"
	ratio             = "percentunit"
	count             = "short"
)

// about is what each panel says of itself.
type about struct {
	title, text string
	unit        string
	// width is in columns, of which a row has 24. Zero: half a row.
	width uint32
	// step is the shortest interval between two points, and with it that of $__rate_interval. Empty: the data source's.
	step string
}

// query is an expression and how its series are named.
type query struct{ expr, legend string }

// source is the Prometheus that the user chose.
func source() common.DataSourceRef {
	kind, uid := "prometheus", "${datasource}"
	return common.DataSourceRef{Type: &kind, Uid: &uid}
}

// refID names the n-th query of a panel: A, B and so on.
func refID(n int) string { return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n : n+1] }

// target makes the n-th query of a panel.
func target(n int, q query, a about) *prometheus.DataqueryBuilder {
	b := prometheus.NewDataqueryBuilder().Expr(q.expr).LegendFormat(q.legend).RefId(refID(n))
	if a.step != "" {
		b.Interval(a.step)
	}
	return b
}

// lines makes a panel of lines over time.
func lines(a about, queries ...query) *timeseries.PanelBuilder {
	if a.width == 0 {
		a.width = 12
	}
	b := timeseries.NewPanelBuilder().
		Title(a.title).Description(a.text).Datasource(source()).Unit(a.unit).Span(a.width).Height(8).
		Min(0).LineWidth(1).FillOpacity(10).ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	for i, q := range queries {
		b.WithTarget(target(i, q, a).Range())
	}
	return b
}

// steps makes a panel of lines that keep their value until it changes, as counts do.
func steps(a about, queries ...query) *timeseries.PanelBuilder {
	return lines(a, queries...).LineInterpolation(common.LineInterpolationStepAfter).FillOpacity(0).Decimals(0)
}

// figure makes a panel of one number, with its past behind it.
func figure(a about, queries ...query) *stat.PanelBuilder {
	b := stat.NewPanelBuilder().
		Title(a.title).Description(a.text).Datasource(source()).Unit(a.unit).Span(a.width).Height(4).
		GraphMode(common.BigValueGraphModeArea).ColorMode(common.BigValueColorModeValue).
		JustifyMode(common.BigValueJustifyModeAuto).TextMode(common.BigValueTextModeAuto).
		Orientation(common.VizOrientationAuto).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
		Thresholds(colors("green"))
	for i, q := range queries {
		b.WithTarget(target(i, q, a).Range())
	}
	return b
}

// step is a value from which on another colour is shown.
type step struct {
	from  float64
	color string
}

func colors(first string, more ...step) cog.Builder[dashboard.ThresholdsConfig] {
	all := []dashboard.Threshold{{Color: first}}
	for _, s := range more {
		all = append(all, dashboard.Threshold{Value: &s.from, Color: s.color})
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(all)
}

// toPortal links a panel to a page of the portal.
func toPortal(path string) []cog.Builder[dashboard.DashboardLink] {
	return []cog.Builder[dashboard.DashboardLink]{
		dashboard.NewDashboardLinkBuilder("Portal").Type(dashboard.DashboardLinkTypeLink).Url(portal + path).TargetBlank(true),
	}
}

// toFunction links a series to its function in the portal.
func toFunction() []cog.Builder[dashboard.DashboardLink] {
	return []cog.Builder[dashboard.DashboardLink]{
		dashboard.NewDashboardLinkBuilder("${__field.labels.function_name} in the portal").
			Type(dashboard.DashboardLinkTypeLink).Url(portalFunction + "${__field.labels.function_name}").TargetBlank(true),
	}
}

// Label matchers. Series of the functions are the gateways', of job gateway, or the replicas', of job replicas. The fast
// job gateway-scaling has some of them as well, and would count twice.
const (
	ofFunction = `job="gateway", function_name=~"$function"`
	ofReplica  = `job="replicas", function_name=~"$function"`
	ofGateway  = `job="gateway"`
)

// of selects a metric's series.
func of(metric, matchers string) string { return metric + "{" + matchers + "}" }

// rate is a counter's increase a second.
func rate(metric, matchers string) string {
	return "rate(" + of(metric, matchers) + "[$__rate_interval])"
}

// recent is what a replica's gauge said last. Replicas are scraped once a minute, and Prometheus may look back 12 s only.
func recent(metric, matchers string) string {
	return "last_over_time(" + of(metric, matchers) + "[90s])"
}

func sumBy(labels, expr string) string { return "sum by (" + labels + ") (" + expr + ")" }

// maxBy is for what each gateway reports of the same thing.
func maxBy(labels, expr string) string { return "max by (" + labels + ") (" + expr + ")" }

// quantile is one of a classic histogram, by labels.
func quantile(q, metric, labels, matchers string) string {
	by := "le"
	if labels != "" {
		by += ", " + labels
	}
	return fmt.Sprintf("histogram_quantile(%s, %s)", q, sumBy(by, rate(metric+"_bucket", matchers)))
}

// perReplica is a replica's series once, though each gateway lists it, summed by function.
func perReplica(expr string) string {
	return sumBy("function_name", maxBy("function_name, replica", expr))
}
