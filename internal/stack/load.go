package stack

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Load reads and checks a stack file and the environment files that it names, with the variables that lookup knows. It
// returns the paths of every file that it looked at, also beside an error, for whoever waits for them to change.
// Handlers are absolute, and may be missing. Beside an error of a single function the file is there, for more to be found
// wrong with it.
func Load(file string, lookup func(string) (string, bool)) (*File, []string, error) {
	files := []string{file}
	s, err := Read(file, lookup)
	if err != nil {
		return nil, files, err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.Functions)) {
		e := s.Functions[name]
		for _, ef := range e.envFiles {
			files = append(files, ef.path)
			env, err := loadEnvFile(ef.path)
			if err != nil {
				errs = append(errs, s.Errorf(ef.line, name, "environment_file: %w", err))
				continue
			}
			if e.Env == nil {
				e.Env = map[string]string{}
			}
			maps.Copy(e.Env, env) // the files win, as they do for OpenFaaS's client
		}
		if err := e.Validate(); err != nil {
			errs = append(errs, s.Errorf(e.Line, name, "%w", err))
		}
		if e.Handler, err = filepath.Abs(e.Handler); err != nil {
			errs = append(errs, s.Errorf(e.HandlerLine, name, "handler: %w", err))
		}
		s.Functions[name] = e
	}
	for name, e := range s.Functions {
		e.Files = files
		s.Functions[name] = e
	}
	return s, files, errors.Join(errs...)
}

// Read is Parse of a file, for those who need no environment of functions and so none of the files that it may be in.
func Read(file string, lookup func(string) (string, bool)) (*File, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the stack file: %w", err)
	}
	return Parse(file, data, lookup)
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
	p := &parser{file: path}
	doc, err := p.document(data)
	if doc == nil {
		return nil, err
	}
	var env map[string]string
	p.each(doc, "the file", func(key, value *yaml.Node) {
		if key.Value != "environment" {
			p.fail(key, "unknown key %q: there is only environment", key.Value)
			return
		}
		env = p.texts(value, key.Value)
	})
	return env, errors.Join(p.errs...)
}
