package monitoring

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// editor changes a YAML document in place.
type editor struct {
	setting Setting
	found   map[string]bool     // addresses that were replaced
	static  map[*yaml.Node]bool // what was a list of DNS names
	errs    []error
}

func (e *editor) edit(n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		e.address(n)
	case yaml.MappingNode:
		e.credentials(n)
		e.discovery(n)
		for i := 1; i < len(n.Content); i += 2 {
			e.edit(n.Content[i])
		}
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, child := range n.Content {
			e.edit(child)
		}
	case yaml.AliasNode: // its anchor is edited where it stands
	}
}

func (e *editor) address(n *yaml.Node) {
	for _, r := range []struct{ from, to string }{
		{gatewayAddress, e.setting.Gateway},
		{metricsAddress, e.setting.Metrics},
		{prometheusAddress, e.setting.Prometheus},
		{alertmanagerAddress, e.setting.Alertmanager},
	} {
		host := strings.TrimPrefix(strings.TrimPrefix(n.Value, "http://"), "https://")
		if host == r.from || strings.HasPrefix(host, r.from+"/") {
			n.Value = strings.Replace(n.Value, r.from, r.to, 1)
			e.found[r.from] = true
			return
		}
	}
}

// credentials sets what basic_auth of the mapping says, or takes it away, and http_config with it when
// nothing else is in there.
func (e *editor) credentials(n *yaml.Node) {
	for i := 0; i+1 < len(n.Content); {
		key, value := n.Content[i].Value, n.Content[i+1]
		if key == "http_config" {
			e.credentials(value)
		}
		if key == "basic_auth" && e.setting.PasswordFile != "" {
			set(value, "username", e.setting.User)
			set(value, "password_file", e.setting.PasswordFile)
		}
		if key == "basic_auth" && e.setting.PasswordFile == "" || key == "http_config" && len(value.Content) == 0 {
			n.Content = slices.Delete(n.Content, i, i+2)
			continue
		}
		i += 2
	}
}

func set(mapping *yaml.Node, key, text string) {
	if node := value(mapping, key); node != nil {
		node.SetString(text)
	}
}

// The keys of a scrape configuration that say where to find what is scraped.
const (
	byName  = "dns_sd_configs"
	byTable = "static_configs"
)

// discovery turns a list of DNS names that finds the gateways of a Swarm into the one target that is here. A list
// that stands for it by alias follows it.
func (e *editor) discovery(n *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, list := n.Content[i], n.Content[i+1]
		if key.Value != byName {
			continue
		}
		if list.Kind == yaml.AliasNode {
			list = list.Alias
		} else if e.named(list) {
			e.toStatic(list)
		}
		if !e.static[list] {
			continue
		}
		if value(n, byTable) != nil {
			e.errs = append(e.errs, fmt.Errorf("line %d: %s of gateway beside %s: give it a job of its own", key.Line, byName, byTable))
		}
		key.Value = byTable
	}
}

// named reports whether a list of DNS names finds the gateways. Then it must find nothing else.
func (e *editor) named(list *yaml.Node) bool {
	if list.Kind != yaml.SequenceNode {
		return false
	}
	ours := 0
	for _, item := range list.Content {
		var names struct {
			Names []string
			Port  string
		}
		if err := item.Decode(&names); err != nil {
			continue // Prometheus says it better
		}
		address := func(name string) bool { return net.JoinHostPort(name, names.Port) == metricsAddress }
		switch {
		case len(names.Names) == 1 && address(names.Names[0]):
			ours++
		case slices.ContainsFunc(names.Names, address):
			e.errs = append(e.errs, fmt.Errorf("line %d: gateway among other names in %s: give it a job of its own", item.Line, byName))
			return false
		}
	}
	if ours > 0 && ours < len(list.Content) {
		e.errs = append(e.errs, fmt.Errorf("line %d: gateway among others in %s: give it a job of its own", list.Line, byName))
		return false
	}
	return ours > 0
}

func (e *editor) toStatic(list *yaml.Node) {
	scalar := func(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text} }
	target := scalar(metricsAddress)
	target.Style = yaml.DoubleQuotedStyle
	list.Style = 0
	list.Content = []*yaml.Node{{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{
		scalar("targets"),
		{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle, Content: []*yaml.Node{target}},
	}}}
	e.static[list] = true
}

// value is what a mapping has under a key, or nil.
func value(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}
