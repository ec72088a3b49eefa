package function

import (
	"errors"
	"fmt"
)

// The kinds of error. Packages wrap them, internal/httperr maps them to HTTP statuses, and nobody
// matches error texts. The texts below are seen by clients at the end of a message.
var (
	// ErrNotFound means that no such function (or replica, or secret) exists.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that it exists already, or that somebody else changed it meanwhile.
	ErrConflict = errors.New("conflict")
	// ErrInvalid means that what the caller sent cannot be used; the message says what to send instead.
	ErrInvalid = errors.New("invalid")
	// ErrUnavailable means that it may work later: no capacity, not ready in time, the backend away.
	ErrUnavailable = errors.New("unavailable")
)

// kindError has a kind without repeating the kind's word in its text.
type kindError struct {
	kind error
	err  error
}

func (e *kindError) Error() string   { return e.err.Error() }
func (e *kindError) Unwrap() []error { return []error{e.kind, e.err} }

// Invalidf makes an error of kind ErrInvalid whose text is only the formatted message.
func Invalidf(format string, args ...any) error {
	return &kindError{kind: ErrInvalid, err: fmt.Errorf(format, args...)}
}

// NotFoundf makes an error of kind ErrNotFound whose text is only the formatted message.
func NotFoundf(format string, args ...any) error {
	return &kindError{kind: ErrNotFound, err: fmt.Errorf(format, args...)}
}

// Conflictf makes an error of kind ErrConflict whose text is only the formatted message.
func Conflictf(format string, args ...any) error {
	return &kindError{kind: ErrConflict, err: fmt.Errorf(format, args...)}
}

// Unavailablef makes an error of kind ErrUnavailable whose text is only the formatted message.
func Unavailablef(format string, args ...any) error {
	return &kindError{kind: ErrUnavailable, err: fmt.Errorf(format, args...)}
}

// Kind returns the kind of err, one of the four above, or nil where it has none. Of several in one chain
// the outermost made with Invalidf and its like counts: a deployment that names an unknown secret is
// invalid, though what its secret is, is not found.
func Kind(err error) error {
	var k *kindError
	if errors.As(err, &k) {
		return k.kind
	}
	for _, kind := range []error{ErrNotFound, ErrConflict, ErrInvalid, ErrUnavailable} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return nil
}

// errorList gathers errors so that a user sees all of them at once.
type errorList []error

func (l *errorList) add(err error) {
	if err != nil {
		*l = append(*l, err)
	}
}

func (l errorList) err() error { return errors.Join(l...) }
