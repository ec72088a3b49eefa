package stack

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"faas/function"
)

// File is a stack file as it was read.
type File struct {
	// Path is the file's, as it was given.
	Path string
	// Gateway is provider.gateway. Empty: the file names none.
	Gateway string
	// Functions by name, in no order.
	Functions map[string]Function
	// Notes name the parts of the file that say nothing about a function that runs, such as how it is built.
	Notes []string
}

// Function is one function of a stack file.
type Function struct {
	function.Function
	// Line is where the file names it.
	Line int
	// Handler is the directory of its source, absolute when the file's path is, and HandlerLine where it is named.
	// Without one it is the file's own.
	Handler     string
	HandlerLine int
	// Lang is what it is written in, as the file has it.
	Lang string
	// BuildArgs are passed to its Dockerfile.
	BuildArgs map[string]string
	// SkipBuild says that its image comes from elsewhere.
	SkipBuild bool
	// Files are all that the stack is read from, its own and those of environments, which may be secret. Load sets them.
	Files []string

	envFiles []envFile // further environment, read by Load
}

type envFile struct {
	path string
	line int
}

// Errorf is an error of kind ErrInvalid that names the file, a line and, unless it is empty, a function.
func (f *File) Errorf(line int, name, format string, args ...any) error {
	return (&parser{file: f.Path, name: name}).errorf(line, format, args...)
}

// The keys of an OpenFaaS stack file beside functions, and those of a function that only its own tools read.
var (
	topKeys     = []string{"version", "provider", "configuration"}
	ignoredKeys = []string{"build_options", "build_secrets", "copy", "platforms", "registry_auth"}
)

// Parse reads a stack file's text, with the variables that lookup knows in place of ${NAME}. Handlers are relative to
// the file. Every problem is reported at once, each with file, line and function, and with kind ErrInvalid.
func Parse(file string, data []byte, lookup func(string) (string, bool)) (*File, error) {
	p := &parser{file: file, stack: &File{Path: file, Functions: map[string]Function{}}}
	doc, err := p.document(data)
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, function.Invalidf("%s: the file is empty: it needs a key \"functions\"", file)
	}
	p.expand(doc, lookup)
	found := false
	p.each(doc, "the file", func(key, value *yaml.Node) {
		switch {
		case key.Value == "functions":
			found = true
			p.each(value, "functions", p.function)
		case key.Value == "provider":
			p.note(key)
			p.provider(value)
		case slices.Contains(topKeys, key.Value):
			p.note(key)
		default:
			p.fail(key, "unknown key %q: there are functions, %s", key.Value, strings.Join(topKeys, ", "))
		}
	})
	if !found && len(p.errs) == 0 {
		p.fail(doc, "the key \"functions\" is missing")
	}
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	return p.stack, nil
}

// parser walks the nodes of a stack file and gathers what is wrong with it.
type parser struct {
	file  string
	name  string // of the function being read; empty outside
	stack *File
	errs  []error
}

func (p *parser) fail(at *yaml.Node, format string, args ...any) {
	p.errs = append(p.errs, p.errorf(at.Line, format, args...))
}

func (p *parser) errorf(line int, format string, args ...any) error {
	where := fmt.Sprintf("%s:%d: ", p.file, line)
	if p.name != "" {
		where += "function " + p.name + ": "
	}
	return function.Invalidf("%s%w", where, fmt.Errorf(format, args...))
}

func (p *parser) note(key *yaml.Node) {
	where := ""
	if p.name != "" {
		where = "functions." + p.name + "."
	}
	p.stack.Notes = append(p.stack.Notes, where+key.Value)
}

func (p *parser) function(key, value *yaml.Node) {
	p.name = key.Value
	defer func() { p.name = "" }()
	e := Function{Line: key.Line, HandlerLine: key.Line, Handler: filepath.Dir(p.file)}
	f := &e.Function
	f.Name = key.Value
	before := len(p.errs)
	p.each(value, "the function", func(key, value *yaml.Node) { p.field(&e, key, value) })
	if len(p.errs) > before {
		return
	}
	if f.Image == "" {
		f.Image = f.Name + ":latest"
	}
	if err := check(*f); err != nil {
		p.fail(key, "%w", err)
		return
	}
	p.stack.Functions[f.Name] = e
}

// check reports what makes f unfit for any backend.
func check(f function.Function) error {
	if err := f.Validate(); err != nil {
		return err
	}
	return function.ValidateSecretNames(f.Secrets)
}

func (p *parser) provider(value *yaml.Node) {
	p.each(value, "provider", func(key, value *yaml.Node) {
		if key.Value == "gateway" {
			p.stack.Gateway = p.text(value)
		}
	})
}

func (p *parser) field(e *Function, key, value *yaml.Node) {
	f := &e.Function
	switch key.Value {
	case "handler":
		e.HandlerLine = value.Line
		dir := p.text(value)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(filepath.Dir(p.file), dir)
		}
		e.Handler = filepath.Clean(dir)
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
	case "lang":
		e.Lang = p.text(value)
		p.note(key)
	case "build_args":
		e.BuildArgs = p.texts(value, key.Value)
		p.note(key)
	case "skip_build":
		e.SkipBuild = p.flag(value)
		p.note(key)
	default:
		if slices.Contains(ignoredKeys, key.Value) {
			p.note(key)
			return
		}
		p.fail(key, "unknown key %q", key.Value)
	}
}

// LabelLang is the label of an image that says what its function is written in.
const LabelLang = "com.faas.lang"

// LocalProcess is the command that runs the function from its source where the file names none, since the program of a
// compiled language is only in its image. Empty: there is no such command.
func (f Function) LocalProcess() string {
	if f.Lang == "go" {
		return "go run ."
	}
	return ""
}
