package proxy

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"faas/function"
	"faas/internal/http1"
)

// maxResends bounds how often a request that reached a replica, and may have begun there, is sent
// again. A request that could not be delivered at all is tried until Acquire gives up.
const maxResends = 2

// maxRefusals bounds how often a request is sent again that a replica had no room for. With nothing else going on that is
// about 5 s.
const maxRefusals = 50

// attempts are those that were made to have one request answered.
type attempts struct {
	resends, refusals int
	last              error // why the last replica did not answer
}

// noReplica is the error of a request for which there is no replica (any more).
func (a *attempts) noReplica(err error) error {
	if a.last != nil {
		return fmt.Errorf("%w: %w", ErrNoAnswer, a.last)
	}
	return err
}

// refused notes that a replica had no room, and returns whether another is to be asked.
func (a *attempts) refused() bool {
	a.refusals++
	return a.refusals <= maxRefusals
}

// failed notes that a replica did not answer at now, because of err, and keeps it from being chosen for a while. It returns nil
// when another is to be asked; again says that the request may have been begun and may be sent a second time.
func (a *attempts) failed(target *Target, err error, now time.Time, again bool) error {
	a.last = fmt.Errorf("replica %s at %s: %w", target.ID, target.Addr, err)
	target.Quarantine(now)
	if http1.NeverConnected(err) {
		return nil
	}
	if !again || a.resends == maxResends {
		return fmt.Errorf("%w: %w", ErrNoAnswer, a.last)
	}
	a.resends++
	return nil
}

// shortage is the error of an attempt that failed because this process has run out of something, and else nil.
func shortage(err error) error {
	for _, short := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL,
	} {
		if errors.Is(err, short) {
			return function.Unavailablef("the gateway cannot open another connection: %w", err)
		}
	}
	return nil
}
