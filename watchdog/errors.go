package watchdog

import (
	"context"
	"errors"
	"net/http"
	"os"
	"syscall"
)

// ErrKilled is what Run returns after Kill.
var ErrKilled = errors.New("watchdog killed")

var (
	errExit       = errors.New("function failed")
	errClientGone = errors.New("client gone")
	errTimeout    = errors.New("out of time")
	errBusy       = errors.New("too many requests in flight")
	errBadTimeout = errors.New("X-Timeout is neither a duration nor whole seconds")
	errDown       = errors.New("function is not running")
	errUpstream   = errors.New("function did not answer")
)

// statusClientClosed is what metrics show for a client that left; no client sees it.
const statusClientClosed = 499

// status is the answer to an invocation that ended with err.
func (c Config) status(err error) int {
	switch {
	case errors.Is(err, errTimeout):
		return c.ExecTimeoutStatus
	case errors.Is(err, errClientGone):
		return statusClientClosed
	case errors.Is(err, errBusy):
		return http.StatusTooManyRequests
	case errors.Is(err, errBadTimeout):
		return http.StatusBadRequest
	case errors.Is(err, errDown):
		return http.StatusServiceUnavailable
	case errors.Is(err, errUpstream):
		return http.StatusBadGateway
	case errors.Is(err, errBodySize):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, syscall.E2BIG):
		return http.StatusRequestHeaderFieldsTooLarge
	default:
		return http.StatusInternalServerError
	}
}

// interrupted says why the request's context ended, or nil when it did not.
func interrupted(ctx context.Context) error {
	switch {
	case ctx.Err() == nil:
		return nil
	case errors.Is(context.Cause(ctx), errTimeout):
		return errTimeout
	default:
		return errClientGone
	}
}

// bodyError says what a failed read of a request's body means.
func bodyError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errTimeout
	}
	return errors.Join(errClientGone, err)
}
