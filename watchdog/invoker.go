package watchdog

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
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
func (w *Watchdog) newInvoker(ctx context.Context) (invoker, error) {
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
	if target.Port() == "0" {
		if err := choosePort(ctx, target); err != nil {
			return nil, err
		}
		cmd.environ = append(cmd.environ, "PORT="+target.Port(), "upstream_url="+target.String())
	}
	addr := net.JoinHostPort(target.Hostname(), cmp.Or(target.Port(), "80"))
	return newProxy(c, newServer(cmd, addr, c.IdleTimeout, w.procs, w.logs, w.opts.Log), target, w.opts.Log), nil
}

// choosePort replaces port 0 of target by a free one, so that replicas that
// share a machine do not collide. Another program may take it before the
// function does; then the function ends and its next start fails the same way.
func choosePort(ctx context.Context, target *url.URL) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", target.Host)
	if err != nil {
		return fmt.Errorf("upstream_url: choose a port: %w", err)
	}
	target.Host = l.Addr().String()
	return l.Close()
}
