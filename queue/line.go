package queue

import (
	"sync"
	"time"
)

const (
	// maxCallbacks bounds the answers of one function that wait for their callback, and maxHostCallbacks those of them that
	// wait for the same host, so that one that is away leaves room for the others.
	maxCallbacks     = 50
	maxHostCallbacks = 20
	// shortCallback bounds the single attempt for an answer that finds no room.
	shortCallback = 10 * time.Second
)

// line is where the answers of one function are on their way to a callback. Who is in it has no place in the lane any more.
// An answer that finds no room keeps that place for one short attempt: so a host that takes answers slowly slows the
// function down to its pace, and one that takes none does not stop it.
type line struct {
	mu    sync.Mutex
	n     int
	hosts map[string]*waiting // those with answers in the line
}

// waiting are the answers for one host.
type waiting struct {
	n       int
	failing bool // the host did not take the answer that it was sent last
}

// join reports whether there was room for an answer to host.
func (l *line) join(host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.hosts[host]
	if l.n >= maxCallbacks || w != nil && w.n >= maxHostCallbacks {
		return false
	}
	if w == nil {
		if l.hosts == nil {
			l.hosts = map[string]*waiting{}
		}
		w = &waiting{}
		l.hosts[host] = w
	}
	w.n++
	l.n++
	return true
}

// leave gives back what join got.
func (l *line) leave(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n--
	w := l.hosts[host]
	if w.n--; w.n == 0 {
		delete(l.hosts, host)
	}
}

// told notes whether host took an answer.
func (l *line) told(host string, took bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w := l.hosts[host]; w != nil {
		w.failing = !took
	}
}

// away reports whether enough answers wait for host already, and it takes none.
func (l *line) away(host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.hosts[host]
	return w != nil && w.failing && w.n >= maxHostCallbacks
}

func (l *line) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}
