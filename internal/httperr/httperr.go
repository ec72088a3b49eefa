// Package httperr turns the domain's kinds of error into HTTP answers, in one place, so that the same
// failure reads the same on every route.
package httperr

import (
	"context"
	"errors"
	"net/http"

	"faas/function"
)

// statusClientClosed is nginx's code for a client that went away; nobody reads the answer, but metrics
// and logs do.
const statusClientClosed = 499

// OriginHeader marks an answer that the platform made, as opposed to a function; its value names the part.
const OriginHeader = "X-OpenFaaS-Internal"

// The parts that OriginHeader names. Middleware is a watchdog that has no room.
const (
	Gateway    = "gateway"
	Queue      = "queue"
	Middleware = "faas-middleware"
)

// Status maps err to an HTTP status by its kind (function.Kind); an error without a kind is 500. A body
// that was too large is 413 whatever kind wraps it.
func Status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return http.StatusRequestEntityTooLarge
	}
	kind := function.Kind(err)
	switch {
	case errors.Is(kind, function.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(kind, function.ErrConflict):
		return http.StatusConflict
	case errors.Is(kind, function.ErrInvalid):
		return http.StatusBadRequest
	case errors.Is(kind, function.ErrUnavailable):
		return http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case errors.Is(err, context.Canceled):
		return statusClientClosed
	}
	return http.StatusInternalServerError
}

// Write answers with err's status and its text as plain text, which stock clients show to their user.
// The text of an error without a kind stays in the log: the client is told only that it was internal.
func Write(w http.ResponseWriter, err error) {
	status := Status(err)
	text := err.Error()
	if status == http.StatusInternalServerError {
		text = "internal error: see the gateway's log"
	}
	if status == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "1")
	}
	Refuse(w, status, text)
}

// Refuse answers with text as what the platform says, for statuses that no kind of error stands for.
func Refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set(OriginHeader, Gateway)
	http.Error(w, text, status)
}
