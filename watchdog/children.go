package watchdog

import (
	"sync"
	"syscall"
)

// children are the processes that are running, so that none outlives the watchdog.
type children struct {
	mu      sync.Mutex
	none    bool // no more processes may run
	running map[*process]struct{}
}

// start starts a process that remove must be called for.
func (c *children) start(cmd command, extra []string) (*process, error) {
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
	if c.none {
		p.kill()
	}
	return p, nil
}

func (c *children) remove(p *process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, p)
}

// signal sends sig to the groups of all. After SIGKILL no more can run.
func (c *children) signal(sig syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.none = c.none || sig == syscall.SIGKILL
	for p := range c.running {
		p.signal(sig)
	}
}
