package local

import (
	"cmp"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"

	"faas/function"
	stackfile "faas/internal/stack"
)

// stack are the functions of a stack file by name, in no order.
type stack struct {
	functions map[string]entry
	// notes name the parts of the file that mean something elsewhere and nothing here.
	notes []string
}

// entry is one function of a stack file.
type entry struct {
	function function.Function
	dir      string // the handler's directory, absolute
	line     int    // where the function is named
	// process runs it where the file names none.
	process string
}

// loadStack reads and checks a stack file and the environment files that it names. It returns the paths
// of every file that it looked at, also beside an error, for whoever waits for them to change.
func loadStack(file string) (*stack, []string, error) {
	read, files, err := stackfile.Load(file, os.LookupEnv)
	if read == nil {
		return nil, files, err
	}
	s := &stack{functions: map[string]entry{}, notes: read.Notes}
	errs := []error{err}
	for _, name := range slices.Sorted(maps.Keys(read.Functions)) {
		f := read.Functions[name]
		e := entry{function: f.Function, dir: f.Handler, line: f.Line, process: f.LocalProcess()}
		s.functions[name] = e
		if info, err := os.Stat(e.dir); err != nil || !info.IsDir() {
			errs = append(errs, read.Errorf(f.HandlerLine, name, "handler %s is not a directory", e.dir))
			continue
		}
		_, err := newSpec(e.function, e)
		if err = cmp.Or(checkHere(e.function), err); err != nil {
			errs = append(errs, read.Errorf(e.line, name, "%w", err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, files, err
	}
	return s, files, nil
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
