package apitest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const small = `
openapi: 3.1.0
info: {title: small, version: "1"}
paths:
  /system/things:
    get:
      parameters: [{name: n, in: query, schema: {type: string, pattern: "^[0-9]+$"}}]
      responses:
        "200": {description: all, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Thing"}}}}}
        "503":
          description: away
          headers: {Retry-After: {required: true, schema: {type: string, pattern: "^[0-9]+$"}}, X-OpenFaaS-Internal: {schema: {const: gateway}}}
          content: {text/plain: {schema: {type: string, minLength: 2}}}
    post:
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
      responses:
        "202": {description: done}
  /system/lines:
    get:
      responses:
        "200": {description: lines, content: {application/x-ndjson: {schema: {$ref: "#/components/schemas/Thing"}}}}
  /function/{name}:
    x-below: true
    get:
      responses:
        "200": {description: the function's, content: {"*/*": {schema: {}}}}
        default: {description: the function's, content: {"*/*": {schema: {}}}}
        "404": {description: none, content: {text/plain: {schema: {type: string}}}}
components:
  schemas:
    Thing:
      type: object
      additionalProperties: false
      required: [name]
      properties: {name: {type: string}, at: {type: string, format: date-time}}
      example: {name: a}
`

// answer is what a server under test says.
type answer struct {
	status int
	header http.Header
	body   string
}

// exchange is a request, what the server says, and what is wrong with it.
type exchange struct {
	name, request, body string
	says                answer
	want                string // empty: nothing
}

// exchanges has one for each fault there may be.
func exchanges() []exchange {
	jsonType := http.Header{"Content-Type": {"application/json"}}
	lines := http.Header{"Content-Type": {"application/x-ndjson"}}
	text := func(more ...string) http.Header {
		h := http.Header{"Content-Type": {"text/plain; charset=utf-8"}, originHeader: {platform}}
		for i := 0; i < len(more); i += 2 {
			h[more[i]] = []string{more[i+1]}
		}
		return h
	}
	return []exchange{
		{"as described", "GET /system/things?n=1", "", answer{200, jsonType, `[{"name":"a","at":"2026-11-22T20:30:00Z"}]`}, ""},
		{"HEAD is GET", "HEAD /system/things", "", answer{200, jsonType, ""}, ""},
		{"a property too many", "GET /system/things", "", answer{200, jsonType, `[{"name":"a","b":1}]`}, "additional"},
		{"a property missing", "GET /system/things", "", answer{200, jsonType, `[{}]`}, "name"},
		{"null for an array", "GET /system/things", "", answer{200, jsonType, `null`}, "null"},
		{"no body", "GET /system/things", "", answer{200, jsonType, ``}, "there is none"},
		{"no time", "GET /system/things", "", answer{200, jsonType, `[{"name":"a","at":"noon"}]`}, "date-time"},
		{"another type", "GET /system/things", "", answer{200, text(), `[]`}, "content type"},
		{"a status too many", "GET /system/things", "", answer{418, jsonType, `[]`}, "418: this status is not described"},
		{"a parameter too many", "GET /system/things?m=1", "", answer{200, jsonType, `[]`}, "parameter m"},
		{"a parameter of another form", "GET /system/things?n=x", "", answer{200, jsonType, `[]`}, "parameter n"},
		{"an error as described", "GET /system/things", "", answer{503, text("Retry-After", "1"), "away"}, ""},
		{"a header missing", "GET /system/things", "", answer{503, text(), "away"}, "Retry-After is missing"},
		{"a header of another form", "GET /system/things", "", answer{503, text("Retry-After", "soon"), "away"}, "header Retry-After"},
		{"a header too many", "GET /system/things", "", answer{503, text("Retry-After", "1", "X-More", "1"), "away"}, "X-More"},
		{"a text too short", "GET /system/things", "", answer{503, text("Retry-After", "1"), "a"}, "body"},
		{"a request as described", "POST /system/things", `{"name":"a"}`, answer{202, nil, ""}, ""},
		{"another request is taken", "POST /system/things", `{"nam":"a"}`, answer{202, nil, ""}, "request"},
		{"a body where there is none", "POST /system/things", `{"name":"a"}`, answer{202, nil, "more"}, "not described"},
		{"a method too many", "PUT /system/things", "", answer{200, nil, ""}, "not described"},
		{"a method refused", "PUT /system/things", "", answer{405, http.Header{"Allow": {"GET, HEAD, OPTIONS, POST"}}, "no"}, ""},
		{"and others not named", "PUT /system/things", "", answer{405, http.Header{"Allow": {"GET"}}, "no"}, "allows"},
		{"a path too many", "GET /system/others", "", answer{200, nil, ""}, "not described"},
		{"a path refused", "GET /system/others", "", answer{404, text(), "no"}, ""},
		{"lines", "GET /system/lines", "", answer{200, lines, "{\"name\":\"a\"}\n{\"name\":\"b\"}\n"}, ""},
		{"no lines", "GET /system/lines", "", answer{200, lines, ""}, ""},
		{"a bad line", "GET /system/lines", "", answer{200, lines, "{\"name\":\"a\"}\n{}\n"}, "line"},
		{"a function's answer", "GET /function/a/b?c=d", "", answer{418, http.Header{"X-Own": {"1"}}, "tea"}, ""},
		{"the platform's of a function", "GET /function/a", "", answer{418, text(), "tea"}, "418"},
	}
}

// TestCheck sends all exchanges through the transport.
func TestCheck(t *testing.T) {
	spec, err := Load([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	var says answer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range says.header {
			w.Header()[name] = values
		}
		w.WriteHeader(says.status)
		_, _ = io.WriteString(w, says.body)
	}))
	defer server.Close()
	var got error
	client := http.Client{Transport: &Transport{Spec: spec, Base: server.Client().Transport, Report: func(err error) { got = err }}}
	for _, c := range exchanges() {
		t.Run(c.name, func(t *testing.T) {
			method, target, _ := strings.Cut(c.request, " ")
			req, err := http.NewRequestWithContext(t.Context(), method, server.URL+target, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			says, got = c.says, nil
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || method != http.MethodHead && string(body) != c.says.body {
				t.Errorf("body %q came through as %q, %v", c.says.body, body, err)
			}
			if c.want == "" && got != nil || c.want != "" && (got == nil || !strings.Contains(got.Error(), c.want)) {
				t.Errorf("found %v, want %q", got, c.want)
			}
		})
	}
	want := []Answer{{"GET", "/function/{name}", "200"}, {"GET", "/function/{name}", "404"}}
	if diff := cmp.Diff(want, spec.Unseen()); diff != "" {
		t.Errorf("unseen (-want +got):\n%s", diff)
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"no OpenAPI":        {"openapi: 3.1.0", "", ""},
		"a wrong reference": {"schemas/Thing", "schemas/Think", "Think"},
		"a wrong keyword":   {"in: query", "in: somewhere", "in/enum"},
		"a wrong example":   {"example: {name: a}", "example: {nam: a}", "example of Thing"},
		"no description":    {"{description: done}", "{}", "description"},
	} {
		_, err := Load([]byte(strings.Replace(small, c.from, c.to, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestCheckAtOnce has many check at once, for the race detector to see what they share.
func TestCheckAtOnce(t *testing.T) {
	spec, err := Load([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	var checks sync.WaitGroup
	for range 8 {
		checks.Go(func() {
			request := httptest.NewRequest(http.MethodGet, "http://gateway/system/things?n=1", nil)
			res := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: http.NoBody}
			x := Exchange{Request: request, Response: res, Got: []byte(`[{"name":"a","at":"2026-01-02T03:04:05Z"},{"name":"b"}]`)}
			if err := spec.Check(x); err != nil {
				t.Error(err)
			}
		})
	}
	checks.Wait()
}
