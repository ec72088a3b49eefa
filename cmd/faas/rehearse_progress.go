package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// quietFor is how long a rehearsal may take before it says how far it is.
	quietFor = time.Second
	// shownEvery is how often it says so in one line of a terminal, writtenEvery how often in lines of a log.
	shownEvery, writtenEvery = 200 * time.Millisecond, 10 * time.Second
)

// progress tells on a terminal how far rehearsals are that run side by side.
type progress struct {
	out      io.Writer
	terminal bool
	began    time.Time

	mu     sync.Mutex
	shares []float64
	last   time.Time
	shown  bool
}

func newProgress(out io.Writer, terminal bool) *progress {
	now := time.Now()
	return &progress{out: out, terminal: terminal, began: now, last: now}
}

// begin says how many there are.
func (p *progress) begin(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shares = make([]float64, n)
}

// see hears of one of them.
func (p *progress) see(i int, done, of time.Duration) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shares[i] = float64(done) / float64(max(1, of))
	every := writtenEvery
	if p.terminal {
		every = shownEvery
	}
	if now.Sub(p.began) < quietFor || now.Sub(p.last) < every {
		return
	}
	p.last, p.shown = now, true
	sum := 0.0
	for _, share := range p.shares {
		sum += share
	}
	text := fmt.Sprintf("rehearsing: %.0f %%", 100*sum/float64(len(p.shares)))
	if p.terminal {
		fmt.Fprint(p.out, "\r"+text)
		return
	}
	fmt.Fprintln(p.out, text)
}

// end clears the line.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown && p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
