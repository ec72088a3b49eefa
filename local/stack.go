package local

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"faas/function"
)

// stack is a stack file as it was read: the functions by name, in no order.
type stack struct {
	functions map[string]entry
	// notes name the parts of the file that mean something elsewhere and nothing here.
	notes []string
}

// entry is one function of a stack file.
type entry struct {
	function function.Function
	dir      string    // the handler's directory, absolute when the file's path is
	dirLine  int       // where the handler is named
	line     int       // where the function is named
	envFiles []envFile // further environment, read by loadStack
}

type envFile struct {
	path string
	line int
}

// image finds the function whose image is name. Of several the first in the order of names is taken.
func (s *stack) image(name string) (entry, bool) {
	if s == nil || name == "" {
		return entry{}, false
	}
	for _, key := range slices.Sorted(maps.Keys(s.functions)) {
		if e := s.functions[key]; trimLatest(e.function.Image) == trimLatest(name) {
			return e, true
		}
	}
	return entry{}, false
}

// images lists the images that the stack knows, for messages.
func (s *stack) images() string {
	if s == nil || len(s.functions) == 0 {
		return "none"
	}
	names := map[string]struct{}{}
	for _, e := range s.functions {
		names[e.function.Image] = struct{}{}
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}

func trimLatest(image string) string { return strings.TrimSuffix(image, ":latest") }

// The keys of an OpenFaaS stack file that other tools read and this backend does not.
var (
	ignoredTopKeys      = []string{"version", "provider", "configuration"}
	ignoredFunctionKeys = []string{
		"lang", "build_args", "build_options", "build_secrets", "copy", "platforms", "registry_auth", "skip_build",
	}
)

// parseStack reads a stack file's text. Handlers are relative to the file. Every problem is reported at
// once, each with file, line and function, and with kind ErrInvalid.
func parseStack(file string, data []byte) (*stack, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, function.Invalidf("%s: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	p := &stackParser{file: file, stack: &stack{functions: map[string]entry{}}}
	if len(doc.Content) == 0 {
		return nil, function.Invalidf("%s: the file is empty: it needs a key \"functions\"", file)
	}
	found := false
	p.each(doc.Content[0], "the file", func(key, value *yaml.Node) {
		switch {
		case key.Value == "functions":
			found = true
			p.each(value, "functions", p.function)
		case slices.Contains(ignoredTopKeys, key.Value):
			p.note(key)
		default:
			p.fail(key, "unknown key %q: there are functions, %s", key.Value, strings.Join(ignoredTopKeys, ", "))
		}
	})
	if !found && len(p.errs) == 0 {
		p.fail(doc.Content[0], "the key \"functions\" is missing")
	}
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	return p.stack, nil
}

// stackParser walks the nodes of a stack file and gathers what is wrong with it.
type stackParser struct {
	file  string
	name  string // of the function being read; empty outside
	stack *stack
	errs  []error
}

func (p *stackParser) fail(at *yaml.Node, format string, args ...any) {
	p.errs = append(p.errs, p.errorf(at.Line, format, args...))
}

func (p *stackParser) errorf(line int, format string, args ...any) error {
	where := fmt.Sprintf("%s:%d: ", p.file, line)
	if p.name != "" {
		where += "function " + p.name + ": "
	}
	return function.Invalidf("%s%w", where, fmt.Errorf(format, args...))
}

func (p *stackParser) note(key *yaml.Node) {
	where := ""
	if p.name != "" {
		where = "functions." + p.name + "."
	}
	p.stack.notes = append(p.stack.notes, where+key.Value)
}

func (p *stackParser) function(key, value *yaml.Node) {
	p.name = key.Value
	defer func() { p.name = "" }()
	e := entry{line: key.Line, dirLine: key.Line, dir: filepath.Dir(p.file)}
	f := &e.function
	f.Name = key.Value
	before := len(p.errs)
	p.each(value, "the function", func(key, value *yaml.Node) { p.field(&e, key, value) })
	if len(p.errs) > before {
		return
	}
	if f.Image == "" {
		f.Image = f.Name + ":latest"
	}
	if err := checkHere(*f); err != nil {
		p.fail(key, "%w", err)
		return
	}
	p.stack.functions[f.Name] = e
}

func (p *stackParser) field(e *entry, key, value *yaml.Node) {
	f := &e.function
	switch key.Value {
	case "handler":
		e.dirLine = value.Line
		dir := p.text(value)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(filepath.Dir(p.file), dir)
		}
		e.dir = filepath.Clean(dir)
	case "image":
		f.Image = p.text(value)
	case "fprocess":
		f.Process = p.text(value)
	case "namespace":
		if ns := p.text(value); ns != "" && ns != function.Namespace {
			p.fail(value, "namespace %q: there is only %q; leave it out", ns, function.Namespace)
		}
	case "environment":
		f.Env = p.texts(value, key.Value)
	case "environment_file":
		for _, item := range p.list(value, key.Value) {
			path := item.Value
			if !filepath.IsAbs(path) {
				path = filepath.Join(filepath.Dir(p.file), path)
			}
			e.envFiles = append(e.envFiles, envFile{path: path, line: item.Line})
		}
	case "labels":
		f.Labels = p.texts(value, key.Value)
	case "annotations":
		f.Annotations = p.texts(value, key.Value)
	case "limits":
		f.Limits = p.resources(value, key.Value)
	case "requests":
		f.Requests = p.resources(value, key.Value)
	case "secrets":
		for _, item := range p.list(value, key.Value) {
			f.Secrets = append(f.Secrets, item.Value)
		}
	case "constraints":
		for _, item := range p.list(value, key.Value) {
			f.Constraints = append(f.Constraints, item.Value)
		}
	case "readonly_root_filesystem":
		f.ReadOnlyRootFilesystem = p.flag(value)
	default:
		if slices.Contains(ignoredFunctionKeys, key.Value) {
			p.note(key)
			return
		}
		p.fail(key, "unknown key %q", key.Value)
	}
}
