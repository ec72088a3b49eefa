package watchdog

import (
	"sync"
	"syscall"
)

// children are the processes that are running, so that none outlives the watchdog.
type children struct {
	starting sync.WaitGroup

	mu      sync.Mutex
	none    bool // no more processes may run
	running map[*process]struct{}
}

// start starts a process that remove must be called for.
func (c *children) start(cmd command, extra []string) (*process, error) {
	c.mu.Lock()
	if c.none {
		c.mu.Unlock()
		return nil, ErrKilled
	}
	c.starting.Add(1)
	c.mu.Unlock()
	defer c.starting.Done()
	p, err := startProcess(cmd, extra)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		c.running = make(map[*process]struct{})
	}
	c.running[p] = struct{}{}
	return p, nil
}

func (c *children) remove(p *process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, p)
}

// signal sends sig to the groups of all. After SIGKILL no more can run, not even
// one that was just being started.
func (c *children) signal(sig syscall.Signal) {
	if sig == syscall.SIGKILL {
		c.mu.Lock()
		c.none = true
		c.mu.Unlock()
		c.starting.Wait()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for p := range c.running {
		p.signal(sig)
	}
}
