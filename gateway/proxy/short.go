package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"faas/function"
	"faas/internal/http1"
	"faas/internal/httperr"
)

// ForwardShort is Forward for an ordinary request, which takes the short way: through x to a replica, as target there, and
// back with edits to the header. Its errors are Forward's, with two more: context.Canceled where the client left, and what
// broke off an answer of which a part was sent (req.Begun tells).
func (f *Forwarder) ForwardShort(ctx context.Context, req *http1.Exchange, x *Exchange, target []byte, edits http1.Edits) error {
	var tries attempts
	for {
		replica, err := x.Acquire(ctx)
		if err != nil {
			return tries.noReplica(err)
		}
		err = req.Send(ctx, replica.pool(f.client), target, edits)
		if err == nil && x.Slots && req.ContentLength() == 0 && refusedShort(req) && tries.refused() {
			req.Dismiss()
			replica.Refused(f.now())
			x.Release(replica)
			continue
		}
		if err == nil {
			replica.Answered()
			return deliver(req, x, replica, edits)
		}
		x.Release(replica)
		if cause := notTheReplicaShort(err); cause != nil {
			return cause
		}
		again := http1.Idempotent(req.Method()) && !req.BodyTaken() && !req.Begun()
		if err := tries.failed(replica, err, f.now(), again); err != nil {
			return err
		}
	}
}

// deliver brings the answer back.
func deliver(req *http1.Exchange, x *Exchange, replica *Target, edits http1.Edits) error {
	defer x.Release(replica) // also where it panics
	err := req.Deliver(edits)
	if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: replica %s at %s: %w", ErrNoAnswer, replica.ID, replica.Addr, err)
}

// refusedShort is noRoom of an answer on the short way.
func refusedShort(req *http1.Exchange) bool {
	return req.AnswerStatus() == http.StatusTooManyRequests && string(req.AnswerField("x-openfaas-internal")) == httperr.Middleware
}

// notTheReplicaShort is notTheReplica of an error on the short way.
func notTheReplicaShort(err error) error {
	var body *http1.BodyError
	switch {
	case http1.NeverConnected(err):
		return shortage(err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &body):
		return function.Invalidf("%w", err)
	}
	return shortage(err)
}
