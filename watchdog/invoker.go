package watchdog

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
)

// An invoker answers requests in one of the modes. The error of invoke becomes
// the answer, or breaks the connection when one has begun.
type invoker interface {
	invoke(res *response, r *http.Request) error
	// ready reports whether a request would be taken.
	ready() bool
	// run owns the processes that outlive a request, until ctx ends.
	run(ctx context.Context)
}

// newInvoker makes the invoker of the configured mode.
func (w *Watchdog) newInvoker() (invoker, error) {
	c := w.opts.Config
	if c.Mode == ModeStatic {
		if info, err := os.Stat(c.StaticPath); err != nil {
			return nil, fmt.Errorf("static_path: %w", err)
		} else if !info.IsDir() {
			return nil, fmt.Errorf("static_path: %s is not a directory", c.StaticPath)
		}
		return newFileServer(c.StaticPath), nil
	}
	cmd, err := newCommand(c, functionEnviron(w.opts.Environ))
	if err != nil {
		return nil, err
	}
	if c.Mode != ModeHTTP {
		return newForker(c, cmd, w.procs, w.logs, w.opts.Log), nil
	}
	target, err := c.upstream()
	if err != nil {
		return nil, err
	}
	var held *heldPort
	if target.Port() == "0" {
		// Replicas that share a machine must not collide.
		if held, target.Host, err = holdPort(target.Hostname()); err != nil {
			return nil, fmt.Errorf("upstream_url: choose a port: %w", err)
		}
		cmd.environ = append(cmd.environ, "PORT="+target.Port(), "upstream_url="+target.String())
	}
	addr := net.JoinHostPort(target.Hostname(), cmp.Or(target.Port(), "80"))
	return newProxy(c, &server{
		cmd: cmd, addr: addr, port: held, idle: c.IdleTimeout, procs: w.procs, logs: w.logs, log: w.opts.Log,
		wake:    make(chan struct{}, 1),
		changed: make(chan struct{}),
	}, target, w.opts.Log), nil
}
