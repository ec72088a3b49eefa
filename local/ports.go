package local

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"

	"faas/function"
)

// The ports that functions' own servers get. They lie below those that kernels hand out by themselves
// (from 32768 on Linux, 49152 elsewhere), so that no outgoing connection takes one between our check
// and the server's bind.
const (
	firstPort = 20000
	lastPort  = 29999
)

// ports hands out free loopback ports, each to one replica at a time.
type ports struct {
	mu    sync.Mutex
	next  int
	taken map[int]bool
}

func newPorts() *ports {
	return &ports{next: firstPort + rand.IntN(lastPort-firstPort+1), taken: map[int]bool{}} //nolint:gosec // only spreads
}

// take returns a port that nobody listens on now. It goes around, so that a port rests before it is used again.
func (p *ports) take() (int, error) {
	for range lastPort - firstPort + 1 {
		port, ok := p.reserve()
		if !ok {
			continue
		}
		if free(port) {
			return port, nil
		}
		p.release(port)
	}
	return 0, function.Unavailablef("every port from %d to %d is taken", firstPort, lastPort)
}

func (p *ports) reserve() (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	port := p.next
	if p.next++; p.next > lastPort {
		p.next = firstPort
	}
	if p.taken[port] {
		return 0, false
	}
	p.taken[port] = true
	return port, true
}

func (p *ports) release(port int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, port)
}

// free binds the port on every address, as a function's server may.
func free(port int) bool {
	ln, err := net.Listen("tcp", ":"+strconv.Itoa(port)) //nolint:noctx // closed at once; a bind does not wait
	if err != nil {
		return false
	}
	return ln.Close() == nil
}
