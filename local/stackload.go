package local

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"faas/function"
)

// loadStack reads and checks a stack file and the environment files that it names. It returns the paths
// of every file that it looked at, also beside an error, for whoever waits for them to change.
func loadStack(file string) (*stack, []string, error) {
	files := []string{file}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, files, fmt.Errorf("read the stack file: %w", err)
	}
	s, err := parseStack(file, data)
	if err != nil {
		return nil, files, err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.functions)) {
		e := s.functions[name]
		p := &stackParser{file: file, name: name}
		for _, ef := range e.envFiles {
			files = append(files, ef.path)
			env, err := loadEnvFile(ef.path)
			if err != nil {
				errs = append(errs, p.errorf(ef.line, "environment_file: %w", err))
				continue
			}
			if e.function.Env == nil {
				e.function.Env = map[string]string{}
			}
			maps.Copy(e.function.Env, env) // the files win, as they do for OpenFaaS's client
		}
		errs = append(errs, checkEntry(p, &e))
		s.functions[name] = e
	}
	if err := errors.Join(errs...); err != nil {
		return nil, files, err
	}
	return s, files, nil
}

// checkEntry checks what needs the file system or the environment files, and makes the handler absolute.
func checkEntry(p *stackParser, e *entry) error {
	dir, err := filepath.Abs(e.dir)
	if err != nil {
		return p.errorf(e.dirLine, "handler: %w", err)
	}
	e.dir = dir
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return p.errorf(e.dirLine, "handler %s is not a directory", dir)
	}
	if err := e.function.Validate(); err != nil {
		return p.errorf(e.line, "%w", err)
	}
	if _, err := newSpec(e.function, *e); err != nil {
		return p.errorf(e.line, "%w", err)
	}
	return nil
}

// loadEnvFile reads a file that holds one mapping under the key environment.
func loadEnvFile(path string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseEnvFile(path, data)
}

func parseEnvFile(path string, data []byte) (map[string]string, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, function.Invalidf("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	p := &stackParser{file: path}
	var env map[string]string
	p.each(doc.Content[0], "the file", func(key, value *yaml.Node) {
		if key.Value != "environment" {
			p.fail(key, "unknown key %q: there is only environment", key.Value)
			return
		}
		env = p.texts(value, key.Value)
	})
	return env, errors.Join(p.errs...)
}
