package docs

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
)

// Metric is one metric as the code registers it.
type Metric struct {
	Name, Kind, Help string
	Labels           []string
	// Ports are the paths that show it, of those of the gateway that read functions' routes.
	Ports []string
}

// Unit is the metric's unit by its name, which the conventions of Prometheus have at its end.
func (m Metric) Unit() string {
	name := strings.TrimSuffix(m.Name, "_total")
	switch {
	case strings.HasSuffix(name, "_timestamp_seconds"):
		return "unix seconds"
	case strings.HasSuffix(name, "_seconds"):
		return "seconds"
	case strings.HasSuffix(name, "_bytes"):
		return "bytes"
	}
	return ""
}

// constructor is what makes a metric in client_golang; Desc is checked apart.
var constructor = regexp.MustCompile(`^New(Counter|Gauge|Histogram|Summary|Untyped)(Vec|Func)?$`)

// Metrics finds all metrics that a package registers. An error says which registration it cannot read.
func (s *Source) Metrics(dir string) ([]Metric, error) {
	p := s.packages[dir]
	if p == nil {
		return nil, fmt.Errorf("there is no package %s", dir)
	}
	var found []Metric
	var errs []string
	p.each(func(f *ast.File, n ast.Node) {
		var m Metric
		var ok bool
		switch n := n.(type) {
		case *ast.CallExpr:
			selector, is := n.Fun.(*ast.SelectorExpr)
			if !is {
				return
			}
			kind := constructor.FindStringSubmatch(selector.Sel.Name)
			switch {
			case selector.Sel.Name == "NewDesc":
				m, ok = p.desc(n)
			case kind == nil:
				return
			default:
				m, ok = p.registered(f, n, strings.ToLower(kind[1]), kind[2] == "Vec")
			}
			if !ok {
				errs = append(errs, fmt.Sprintf("a call of %s in package %s, whose name, help or labels are no plain text", selector.Sel.Name, dir))
				return
			}
		case *ast.CompositeLit:
			if id, is := n.Type.(*ast.Ident); !is || id.Name != "family" {
				return
			}
			if m, ok = p.family(n); !ok {
				errs = append(errs, "a family in package "+dir)
				return
			}
		default:
			return
		}
		found = append(found, m)
	})
	if len(errs) > 0 {
		return nil, fmt.Errorf("cannot read %s", strings.Join(errs, "; "))
	}
	slices.SortFunc(found, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// registered reads prometheus.NewCounterVec(prometheus.CounterOpts{…}, []string{…}) and its like.
func (p *sourcePackage) registered(f *ast.File, call *ast.CallExpr, kind string, labelled bool) (m Metric, ok bool) {
	if len(call.Args) == 0 {
		return m, false
	}
	m.Kind = kind
	opts, is := call.Args[0].(*ast.CompositeLit)
	if !is {
		return m, false
	}
	fields := elements(opts)
	m.Name, ok = p.text(fields["Name"])
	help, also := p.text(fields["Help"])
	if m.Help = help; !ok || !also {
		return m, false
	}
	if labelled {
		m.Labels, ok = p.list(f, call.Args[len(call.Args)-1])
	}
	return m, ok
}

// desc reads prometheus.NewDesc, which does not say of what type: by convention a counter ends in _total.
func (p *sourcePackage) desc(call *ast.CallExpr) (m Metric, ok bool) {
	name, ok := p.text(call.Args[0])
	help, also := p.text(call.Args[1])
	m = Metric{Name: name, Kind: "gauge", Help: help}
	if strings.HasSuffix(name, "_total") {
		m.Kind = "counter"
	}
	none, is := call.Args[2].(*ast.Ident)
	return m, ok && also && is && none.Name == "nil"
}

// family reads one of the gateway's families, whose series are made from routes at the moment of a scrape.
func (p *sourcePackage) family(lit *ast.CompositeLit) (m Metric, ok bool) {
	fields := elements(lit)
	name, ok := p.text(fields["name"])
	help, also := p.text(fields["help"])
	m = Metric{Name: name, Kind: "gauge", Help: help, Labels: []string{"function_name"}}
	if kind, is := fields["kind"].(*ast.SelectorExpr); is && kind.Sel.Name == "CounterValue" {
		m.Kind = "counter"
	}
	if typed, is := fields["typed"].(*ast.Ident); is && typed.Name == "true" {
		m.Labels = append(m.Labels, "scaling_type")
	}
	for function, path := range map[string]string{"allFamilies": "/metrics", "scalingFamilies": "/metrics/scaling"} {
		if p.uses(function, name) {
			m.Ports = append(m.Ports, path)
		}
	}
	slices.Sort(m.Ports)
	return m, ok && also
}

// uses reports whether a function names the variable whose family has this name.
func (p *sourcePackage) uses(function, name string) bool {
	variable := ""
	names := map[string]bool{}
	p.each(func(_ *ast.File, n ast.Node) {
		switch n := n.(type) {
		case *ast.ValueSpec:
			for i, value := range n.Values {
				if lit, ok := value.(*ast.CompositeLit); ok {
					if text, _ := p.text(elements(lit)["name"]); text == name {
						variable = n.Names[i].Name
					}
				}
			}
		case *ast.FuncDecl:
			if n.Name.Name != function {
				return
			}
			ast.Inspect(n, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					names[id.Name] = true
				}
				return true
			})
		}
	})
	return names[variable]
}

func elements(lit *ast.CompositeLit) map[string]ast.Expr {
	fields := map[string]ast.Expr{}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok {
				fields[key.Name] = kv.Value
			}
		}
	}
	return fields
}

// list reads []string{…}, or a variable of the file that was made with one.
func (p *sourcePackage) list(f *ast.File, e ast.Expr) (texts []string, ok bool) {
	if id, is := e.(*ast.Ident); is {
		ast.Inspect(f, func(n ast.Node) bool {
			if a, is := n.(*ast.AssignStmt); is && len(a.Lhs) == 1 {
				if to, is := a.Lhs[0].(*ast.Ident); is && to.Name == id.Name {
					e = a.Rhs[0]
				}
			}
			return true
		})
	}
	lit, is := e.(*ast.CompositeLit)
	if !is {
		return nil, false
	}
	for _, one := range lit.Elts {
		text, ok := p.text(one)
		if !ok {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}
