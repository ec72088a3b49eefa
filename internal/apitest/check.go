package apitest

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	liberrors "github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"
)

const (
	defaultStatus = "default"
	// originHeader has platform in answers that are no function's.
	originHeader = "X-Openfaas-Internal"
	platform     = "gateway"
)

// Exchange is a request and its answer. Sent and Got are the bodies, nil where they are not to be checked.
type Exchange struct {
	Request  *http.Request
	Sent     []byte
	Response *http.Response
	Got      []byte
}

// Check reports all in which x is not as described.
func (s *Spec) Check(x Exchange) error {
	method, target, status := x.Request.Method, x.Request.URL, x.Response.StatusCode
	p, ok := s.find(target)
	if !ok {
		if slices.Contains([]int{http.StatusNotFound, http.StatusUnauthorized, http.StatusForbidden}, status) {
			return nil
		}
		return fmt.Errorf("%s %s: answered with %d, and not described", method, target.Path, status)
	}
	operation, ok := p.operation(method)
	if !ok {
		return named(method+" "+p.template, checkRefusal(x, p))
	}
	key, response := answerOf(operation, x.Response)
	at := Answer{method, p.template, strconv.Itoa(status)}
	if response == nil {
		return fmt.Errorf("%s: this status is not described", at)
	}
	s.mu.Lock()
	s.seen[Answer{method, p.template, key}] = true
	s.mu.Unlock()
	errs := []error{s.checkHeader(x.Response.Header, response), s.checkBody(x, response)}
	if status < http.StatusMultipleChoices {
		errs = append(errs, s.checkRequest(x, p, operation))
	}
	return named(at.String(), errors.Join(errs...))
}

// answerOf returns which of the operation's answers res is, and its description. What a function answered with a status
// of its own is not what the platform means by that status.
func answerOf(o *v3.Operation, res *http.Response) (string, *v3.Response) {
	key := strconv.Itoa(res.StatusCode)
	if o.Responses.Default != nil && res.StatusCode != http.StatusOK && res.Header.Get(originHeader) != platform {
		return defaultStatus, o.Responses.Default
	}
	response, _ := o.Responses.Codes.Get(key)
	return key, response
}

// checkRefusal checks the answer to a method that is not described: 405, and which methods are.
func checkRefusal(x Exchange, p path) error {
	switch x.Response.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil
	case http.StatusOK:
		if x.Request.Method == http.MethodOptions {
			break
		}
		fallthrough
	default:
		return fmt.Errorf("answered with %d, and not described", x.Response.StatusCode)
	case http.StatusMethodNotAllowed:
	}
	want := p.methods()
	if slices.Contains(want, http.MethodGet) {
		want = append(want, http.MethodHead)
	}
	got := strings.Split(x.Response.Header.Get("Allow"), ", ")
	got = slices.DeleteFunc(got, func(m string) bool { return m == http.MethodOptions })
	slices.Sort(want)
	if !slices.Equal(want, got) {
		return fmt.Errorf("allows %v, and %v are described", got, want)
	}
	return nil
}

// checkHeader compares the header of an answer with its description, and wants nothing in it that clients may act upon
// and find no word about.
func (s *Spec) checkHeader(got http.Header, response *v3.Response) error {
	var errs []error
	described := map[string]bool{}
	headers := response.Headers
	if headers == nil {
		headers = orderedmap.New[string, *v3.Header]()
	}
	for name, header := range headers.FromOldest() {
		described[http.CanonicalHeaderKey(name)] = true
		values := got.Values(name)
		switch {
		case len(values) == 0 && header.Required:
			errs = append(errs, fmt.Errorf("header %s is missing", name))
		case len(values) > 0:
			errs = append(errs, named("header "+name, s.matches(header.Schema, values[0])))
		}
	}
	if got.Get(originHeader) != platform {
		return errors.Join(errs...) // functions may send what they like
	}
	for name := range got {
		telling := slices.Contains([]string{"Allow", "Retry-After", "Www-Authenticate", "Location"}, name) ||
			strings.HasPrefix(name, "X-") && name != "X-Content-Type-Options"
		if telling && !described[name] {
			errs = append(errs, fmt.Errorf("header %s is not described", name))
		}
	}
	return errors.Join(errs...)
}

// checkBody compares the body of an answer with its description.
func (s *Spec) checkBody(x Exchange, response *v3.Response) error {
	kind, _, _ := mime.ParseMediaType(x.Response.Header.Get("Content-Type")) // one that cannot be read is not described
	if x.Request.Method == http.MethodHead || response.Content == nil {
		if len(x.Got) > 0 {
			return fmt.Errorf("body %.80q is not described", x.Got)
		}
		return nil
	}
	if _, anything := response.Content.Get("*/*"); anything {
		return nil
	}
	media, ok := response.Content.Get(kind)
	switch {
	case !ok:
		return fmt.Errorf("content type %q is not described", x.Response.Header.Get("Content-Type"))
	case x.Got == nil:
		return nil
	case kind == "application/json":
		return named("body", s.matchesJSON(media.Schema, x.Got))
	case kind == "application/x-ndjson":
		for line := range bytes.Lines(x.Got) {
			if err := s.matchesJSON(media.Schema, line); err != nil {
				return named("line", err)
			}
		}
		return nil
	}
	return named("body", s.matches(media.Schema, string(x.Got)))
}

// checkRequest compares a request that was taken with its description.
func (s *Spec) checkRequest(x Exchange, p path, o *v3.Operation) error {
	var errs []error
	described := map[string]bool{}
	query := x.Request.URL.Query()
	for _, parameter := range slices.Concat(p.item.Parameters, o.Parameters) {
		var values []string
		switch parameter.In {
		case "query":
			described[parameter.Name] = true
			values = query[parameter.Name]
		case "header":
			values = x.Request.Header.Values(parameter.Name)
		default:
			continue
		}
		if len(values) == 0 && parameter.Required != nil && *parameter.Required {
			errs = append(errs, fmt.Errorf("parameter %s is missing, and the request was taken", parameter.Name))
		}
		for _, v := range values {
			if v != "" { // clients send empty ones for those they have not
				errs = append(errs, named("parameter "+parameter.Name, s.matches(parameter.Schema, v)))
			}
		}
	}
	if p.below || o.Responses.Default != nil {
		return errors.Join(errs...) // the query and the body are the function's
	}
	for name := range query {
		if !described[name] {
			errs = append(errs, fmt.Errorf("query parameter %s is not described, and the request was taken", name))
		}
	}
	if o.RequestBody != nil && x.Sent != nil {
		if media, ok := o.RequestBody.Content.Get("application/json"); ok {
			errs = append(errs, named("request", s.matchesJSON(media.Schema, x.Sent)))
		}
	}
	return errors.Join(errs...)
}

// checkExamples checks the examples of the description itself.
func (s *Spec) checkExamples() error {
	var errs []error
	for name, proxy := range s.model.Components.Schemas.FromOldest() {
		schema := proxy.Schema()
		if schema.Example == nil {
			continue
		}
		var v any
		if err := schema.Example.Decode(&v); err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, named("example of "+name, s.matches(proxy, v)))
	}
	return errors.Join(errs...)
}

// matches checks a value against a schema.
func (s *Spec) matches(proxy *base.SchemaProxy, v any) error {
	s.validating.Lock()
	defer s.validating.Unlock()
	if ok, faults := s.schemas.ValidateSchemaObject(proxy.Schema(), v); !ok {
		return fmt.Errorf("%.200s: %w", fmt.Sprint(v), joined(faults))
	}
	return nil
}

// matchesJSON checks JSON against a schema.
func (s *Spec) matchesJSON(proxy *base.SchemaProxy, text []byte) error {
	switch string(bytes.TrimSpace(text)) {
	case "":
		return errors.New("there is none")
	case "null": // the library takes it for no value, and no value for a good one
		return errors.New("null is none")
	}
	s.validating.Lock()
	defer s.validating.Unlock()
	if ok, faults := s.schemas.ValidateSchemaBytes(proxy.Schema(), text); !ok {
		return fmt.Errorf("%.200s: %w", text, joined(faults))
	}
	return nil
}

// joined makes one error of what the library found.
func joined(faults []*liberrors.ValidationError) error {
	var errs []error
	for _, f := range faults {
		errs = append(errs, errors.New(f.Message+": "+f.Reason))
		for _, detail := range f.SchemaValidationErrors {
			errs = append(errs, fmt.Errorf("%s: %s", detail.KeywordLocation, detail.Reason))
		}
	}
	return errors.Join(errs...)
}

func named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
