package stack

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"faas/function"
)

// These read YAML nodes rather than decode into structs, since a node knows its line and a scalar keeps
// the text that its author wrote: "1.10" stays a version and "yes" a word.

// document is the content of a file's only document. Nil: the file is empty. What a further one says would be lost, so that
// it is an error, unless it says nothing.
func (p *parser) document(data []byte) (*yaml.Node, error) {
	from := yaml.NewDecoder(bytes.NewReader(data))
	var content *yaml.Node
	for first := true; ; first = false {
		var doc yaml.Node
		err := from.Decode(&doc)
		switch {
		case errors.Is(err, io.EOF):
			return content, nil
		case err != nil:
			text := strings.TrimPrefix(err.Error(), "yaml: ")
			if strings.Contains(text, "did not find expected") { // the line is that of the block which the wrong one broke off
				text += ": a line after that one is indented wrongly, or a quote or bracket is not closed"
			}
			return nil, function.Invalidf("%s: %s", p.file, text)
		case first:
			content = doc.Content[0]
		case !isNull(doc.Content[0]):
			return nil, p.errorf(doc.Line, "another document begins here: one document per file, take the line --- out or make two files")
		}
	}
}

// each calls see for every key of a mapping, and reports what is not one and keys that come twice.
func (p *parser) each(n *yaml.Node, what string, see func(key, value *yaml.Node)) {
	n = resolveAlias(n)
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		p.fail(n, "%s must be a mapping of keys to values", what)
		return
	}
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := resolveAlias(n.Content[i])
		if key.Kind != yaml.ScalarNode {
			p.fail(key, "a key of %s must be plain text", what)
			continue
		}
		if line, twice := seen[key.Value]; twice {
			p.fail(key, "key %q is there already, on line %d", key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		see(key, resolveAlias(n.Content[i+1]))
	}
}

func (p *parser) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		p.fail(n, "expected plain text here")
		return ""
	}
	if isNull(n) {
		return ""
	}
	return n.Value
}

func (p *parser) texts(n *yaml.Node, what string) map[string]string {
	var m map[string]string
	p.each(n, what, func(key, value *yaml.Node) {
		if m == nil {
			m = map[string]string{}
		}
		m[key.Value] = p.text(value)
	})
	return m
}

func (p *parser) list(n *yaml.Node, what string) []*yaml.Node {
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		p.fail(n, "%s must be a list", what)
		return nil
	}
	var items []*yaml.Node
	for _, item := range n.Content {
		item = resolveAlias(item)
		if p.text(item) != "" {
			items = append(items, item)
		}
	}
	return items
}

func (p *parser) flag(n *yaml.Node) bool {
	v, err := strconv.ParseBool(p.text(n))
	if err != nil {
		p.fail(n, "%q: use true or false", n.Value)
	}
	return v
}

func (p *parser) resources(n *yaml.Node, what string) *function.Resources {
	var r function.Resources
	p.each(n, what, func(key, value *yaml.Node) {
		switch key.Value {
		case "memory":
			r.Memory = p.text(value)
		case "cpu":
			r.CPU = p.text(value)
		default:
			p.fail(key, "unknown key %q in %s: there are memory and cpu", key.Value, what)
		}
	})
	if r == (function.Resources{}) {
		return nil
	}
	return &r
}

func resolveAlias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias // YAML itself has no alias to an alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }
