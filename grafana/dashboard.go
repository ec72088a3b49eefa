package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// Where people find a function in the portal. The gateway's address is a variable of the dashboard.
const (
	portal         = "${gateway:raw}/ui/"
	portalFunction = portal + "functions/"
)

// row is a headed group of panels.
type row struct {
	title  string
	panels []cog.Builder[dashboard.Panel]
}

// board is a dashboard in the schema that every Grafana reads; that of version 2 wants a newer one.
type board = dashboard.Dashboard //nolint:staticcheck // deprecated for version 2

// build makes the whole dashboard.
func build() (board, error) {
	b := dashboard.NewDashboardBuilder("faas"). //nolint:staticcheck // as board is
							Uid("faas").
							Description("Functions, how they scale, and what scales them. Made by `make dashboard` of faas: change its source, not this.").
							Tags([]string{"faas"}).
							Timezone(common.TimeZoneBrowser).
							Time("now-1h", "now").
							Refresh("10s").
							Tooltip(dashboard.DashboardCursorSyncCrosshair).
							Link(dashboard.NewDashboardLinkBuilder("Portal").
								Type(dashboard.DashboardLinkTypeLink).Icon("external link").Tooltip("faas's own pages").Url(portal).TargetBlank(true))
	for _, v := range variables() {
		b.WithVariable(v)
	}
	for _, a := range annotations() {
		b.Annotation(a)
	}
	for _, r := range []row{overview(), replicas(), latency(), watchdogs(), asynchronous(), platform()} {
		b.WithRow(dashboard.NewRowBuilder(r.title))
		for _, p := range r.panels {
			b.WithPanel(p)
		}
	}
	d, err := b.Build()
	number(&d)
	return d, err
}

// number gives each panel an ID, which the SDK leaves out: links to a panel, and its full view, go by it.
func number(d *board) {
	for i := range d.Panels {
		id := uint32(i + 1)
		if p := d.Panels[i].Panel; p != nil {
			p.Id = &id
		}
		if r := d.Panels[i].RowPanel; r != nil {
			r.Id = id
		}
	}
}

func variables() []cog.Builder[dashboard.VariableModel] {
	functions := "label_values(" + of("gateway_service_count", `job="gateway"`) + ", function_name)"
	address := "http://127.0.0.1:8080"
	all := dashboard.VariableOption{
		Text:  dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
		Value: dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
	}
	return []cog.Builder[dashboard.VariableModel]{
		dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus").
			Description("A Prometheus that scrapes faas's gateways."),
		dashboard.NewQueryVariableBuilder("function").Label("Function").
			Description("One function, several, or all.").
			Datasource(source()).
			Query(dashboard.StringOrMap{String: &functions}).Definition(functions).
			Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortAlphabeticalAsc).
			Multi(true).IncludeAll(true).AllValue(".*").Current(all),
		dashboard.NewTextBoxVariableBuilder("gateway").Label("Gateway").
			Description("Where your browser finds a gateway, for links to the portal.").
			DefaultValue(dashboard.StringOrMap{String: &address}),
	}
}

// annotations mark what the control loop, a user or a wake did to the counts. A decision's metric has no function, so the
// count tells: what it became within a minute, without regard to what it was in between.
func annotations() []cog.Builder[dashboard.AnnotationQuery] {
	mark := func(name, color, sign, text string) cog.Builder[dashboard.AnnotationQuery] {
		return dashboard.NewAnnotationQueryBuilder().Name(name).Datasource(source()).Enable(true).IconColor(color).
			Expr("max by (function_name) (delta(" + of("gateway_service_count", ofFunction) + "[1m])) " + sign + " 0").
			Step("60s").TitleFormat(name).TextFormat("{{function_name}}: " + text).TagKeys("function_name")
	}
	return []cog.Builder[dashboard.AnnotationQuery]{
		mark("Scaled up", "green", ">", "more replicas asked for"),
		mark("Scaled down", "orange", "<", "fewer replicas asked for"),
	}
}
