// Package apitest holds HTTP exchanges to the description of the API, docs/openapi.yaml, so that neither the gateway nor
// its description can change alone.
//
// A Spec checks one exchange at a time: that its path, method and status are described, and that header, content type
// and body are as described. It remembers what it saw, so that a test can ask which described answers nothing provoked.
// A Transport does this to all that an http.Client sends, against a gateway under test as well as a live one.
package apitest
