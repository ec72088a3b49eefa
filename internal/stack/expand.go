package stack

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// expand puts variables in the place of ${NAME} in every key and value below n. It does so in the nodes and not in the
// text, so that lines stay where they are, comments are left alone and no value can turn into another structure.
func (p *parser) expand(n *yaml.Node, lookup func(string) (string, bool)) {
	for _, child := range n.Content {
		p.expand(child, lookup)
	}
	if n.Kind != yaml.ScalarNode || !strings.Contains(n.Value, "${") {
		return
	}
	text, err := expandText(n.Value, lookup)
	if err != nil {
		p.fail(n, "%w", err)
		return
	}
	n.Value = text
	if text == "" && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
		n.Tag = "!!null" // as if nothing stood there
	}
}

// variable is what stands inside ${ and }.
var variable = regexp.MustCompile(`(?s)^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-=+])(.*))?$`)

// expandText replaces ${NAME} by the variable's value, empty where there is none, ${NAME:-default} and ${NAME:=default} by
// the default where it is unset or empty, and ${NAME:+other} by the other where it is not; without the colon an empty one
// counts as set. A default may hold variables itself. $${ is a plain ${, and any other $ stays.
func expandText(text string, lookup func(string) (string, bool)) (string, error) {
	var out strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			out.WriteString(text)
			return out.String(), nil
		}
		if i > 0 && text[i-1] == '$' {
			out.WriteString(text[:i-1] + "${")
			text = text[i+2:]
			continue
		}
		out.WriteString(text[:i])
		inside, rest, ok := braced(text[i+2:])
		m := variable.FindStringSubmatch(inside)
		if !ok || m == nil {
			return "", fmt.Errorf("%.40q: write ${NAME} or ${NAME:-default} for a variable, and $${ for a plain ${", text[i:])
		}
		value, set := lookup(m[1])
		if strings.HasPrefix(m[2], ":") {
			set = value != ""
		}
		if plus := strings.HasSuffix(m[2], "+"); m[2] != "" && plus == set {
			var err error
			if value, err = expandText(m[3], lookup); err != nil {
				return "", err
			}
		} else if plus {
			value = ""
		}
		out.WriteString(value)
		text = rest
	}
}

// braced cuts text at the brace that closes the one before it.
func braced(text string) (inside, rest string, ok bool) {
	depth := 1
	for i := range len(text) {
		switch {
		case text[i] == '}':
			if depth--; depth == 0 {
				return text[:i], text[i+1:], true
			}
		case text[i] == '{' && i > 0 && text[i-1] == '$':
			depth++
		}
	}
	return "", "", false
}
