package supervise

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Group runs named components and stops them in an order of the owner's choice.
type Group struct {
	failed chan error

	mu      sync.Mutex
	members []*member
}

type member struct {
	name  string
	limit time.Duration
	end   context.CancelFunc
	done  chan struct{}
	err   error // set before done is closed
}

// NewGroup makes an empty Group.
func NewGroup() *Group { return &Group{failed: make(chan error, 1)} }

// Go starts run under name. Its context has the values of ctx but ends when the member's turn comes in
// Stop, and not with ctx, which would end all at once; limit is how long it may then take.
func (g *Group) Go(ctx context.Context, name string, limit time.Duration, run func(context.Context) error) {
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	m := &member{name: name, limit: limit, end: end, done: make(chan struct{})}
	g.mu.Lock()
	g.members = append(g.members, m)
	g.mu.Unlock()
	go func() {
		defer close(m.done)
		m.err = run(ctx)
		if ctx.Err() == nil {
			g.fail(name, m.err)
		}
	}()
}

func (g *Group) fail(name string, err error) {
	if err == nil {
		err = fmt.Errorf("%s ended by itself", name)
	}
	select {
	case g.failed <- err:
	default: // the first one counts
	}
}

// Failed gets the error of the first member that ended without having been told to.
func (g *Group) Failed() <-chan error { return g.failed }

// Stop ends the named members one after the other and waits for each, as long as its limit allows.
// Names that were never started or have ended are passed over. Each step is given to report before it
// begins. The errors of all are joined; a member that is late is an error and is left behind.
func (g *Group) Stop(report func(name string), names ...string) error {
	var errs []error
	for _, name := range names {
		m := g.take(name)
		if m == nil || m.ended() {
			continue
		}
		report(name)
		errs = append(errs, m.stop())
	}
	return errors.Join(errs...)
}

func (g *Group) take(name string) *member {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.members, func(m *member) bool { return m.name == name })
	if i < 0 {
		return nil
	}
	m := g.members[i]
	g.members = slices.Delete(g.members, i, i+1)
	return m
}

// ended reports whether m ended by itself, which Failed told.
func (m *member) ended() bool {
	select {
	case <-m.done:
		m.end()
		return true
	default:
		return false
	}
}

func (m *member) stop() error {
	m.end()
	select {
	case <-m.done:
		if m.err != nil && !errors.Is(m.err, context.Canceled) {
			return fmt.Errorf("stop %s: %w", m.name, m.err)
		}
		return nil
	case <-time.After(m.limit):
		return fmt.Errorf("stop %s: still running after %s", m.name, m.limit)
	}
}
