package apitest

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// belowExtension marks a path below which every other means the same.
const belowExtension = "x-below"

// Answer is one answer that is described. Status is a number or "default".
type Answer struct{ Method, Path, Status string }

// String gives the answer as METHOD PATH STATUS.
func (a Answer) String() string { return a.Method + " " + a.Path + " " + a.Status }

// Spec is the description of the API. Its methods may be called concurrently.
type Spec struct {
	model *v3.Document
	paths []path

	mu   sync.Mutex
	seen map[Answer]bool

	// The library writes to the schemas as it prepares one to be checked against.
	validating sync.Mutex
	schemas    schema_validation.SchemaValidator
}

// path is one path of the description.
type path struct {
	template   string
	segments   []string
	below      bool
	item       *v3.PathItem
	operations map[string]*v3.Operation // by method
}

// Open is Load of the file at path, whose text it returns as well, for a test that ends where that fails.
func Open(t testing.TB, path string) (*Spec, []byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := Load(text)
	if err != nil {
		t.Fatal(err)
	}
	return spec, text
}

// Load reads a description, and reports what is wrong with the document itself, its examples included.
func Load(text []byte) (*Spec, error) {
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, fmt.Errorf("read description: %w", err)
	}
	built, err := document.BuildV3Model()
	if err != nil {
		return nil, fmt.Errorf("read description: %w", err)
	}
	whole, errs := validator.NewValidator(document)
	if len(errs) > 0 {
		return nil, fmt.Errorf("read description: %w", errors.Join(errs...))
	}
	if ok, faults := whole.ValidateDocument(); !ok {
		return nil, fmt.Errorf("read description: %w", joined(faults))
	}
	s := &Spec{
		model: &built.Model, seen: map[Answer]bool{},
		schemas: schema_validation.NewSchemaValidatorWithLogger(slog.New(slog.DiscardHandler), config.WithFormatAssertions()),
	}
	for template, item := range s.model.Paths.PathItems.FromOldest() {
		p := path{template: template, segments: strings.Split(template, "/"), item: item, operations: map[string]*v3.Operation{}}
		if item.Extensions != nil {
			_, p.below = item.Extensions.Get(belowExtension)
		}
		for method, operation := range item.GetOperations().FromOldest() {
			p.operations[strings.ToUpper(method)] = operation
		}
		s.paths = append(s.paths, p)
	}
	return s, s.checkExamples()
}

// Answers returns all answers that are described, sorted.
func (s *Spec) Answers() []Answer {
	var all []Answer
	for _, p := range s.paths {
		for method, operation := range p.operations {
			for status := range operation.Responses.Codes.FromOldest() {
				all = append(all, Answer{method, p.template, status})
			}
			if operation.Responses.Default != nil {
				all = append(all, Answer{method, p.template, defaultStatus})
			}
		}
	}
	slices.SortFunc(all, func(a, b Answer) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method), strings.Compare(a.Status, b.Status))
	})
	return all
}

// Unseen returns the answers that are described and that no exchange was checked against.
func (s *Spec) Unseen() []Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(s.Answers(), func(a Answer) bool { return s.seen[a] })
}

// Methods returns the methods that are described for the path whose template this is, sorted. None: it is not described.
func (s *Spec) Methods(template string) []string {
	for _, p := range s.paths {
		if p.template == template {
			return p.methods()
		}
	}
	return nil
}

// Properties returns the names that the schema of that name gives to the properties of an object, sorted.
func (s *Spec) Properties(schema string) []string {
	proxy, ok := s.model.Components.Schemas.Get(schema)
	if !ok {
		return nil
	}
	return slices.Sorted(proxy.Schema().Properties.KeysFromOldest())
}

// find returns the path of the description that u is on.
func (s *Spec) find(u *url.URL) (path, bool) {
	segments := strings.Split(u.EscapedPath(), "/")
	best, found := path{}, false
	for _, p := range s.paths {
		// A path without parameters describes its own better than one with.
		if p.matches(segments) && (!found || !strings.Contains(p.template, "{")) {
			best, found = p, true
		}
	}
	return best, found
}

func (p path) matches(segments []string) bool {
	if len(segments) < len(p.segments) || len(segments) > len(p.segments) && !p.below {
		return false
	}
	for i, want := range p.segments {
		parameter := strings.HasPrefix(want, "{")
		if parameter && segments[i] == "" || !parameter && segments[i] != want {
			return false
		}
	}
	return true
}

func (p path) methods() []string {
	var all []string
	for method := range p.operations {
		all = append(all, method)
	}
	slices.Sort(all)
	return all
}

// operation returns what describes method. HEAD is described by GET where it is not by itself.
func (p path) operation(method string) (*v3.Operation, bool) {
	operation, ok := p.operations[method]
	if !ok && method == http.MethodHead {
		operation, ok = p.operations[http.MethodGet]
	}
	return operation, ok
}
