package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// contender is one that takes its turn in each round.
type contender struct {
	name      string
	url       string
	functions int           // that wrk asks for in turn; 0: url as it is
	pause     time.Duration // of a connection before each request; 0: none
	measured  *process      // whose processor time and memory count
}

// measurement holds what runs and what came out.
type measurement struct {
	*measureCommand
	rep   *report
	dir   string
	echo  string // address
	procs []*process
}

// Run measures and reports.
func (c *measureCommand) Run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "faas-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	m := &measurement{measureCommand: c, rep: &report{}, dir: dir}
	defer func() {
		for _, p := range slices.Backward(m.procs) {
			err = errors.Join(err, p.stop())
		}
	}()
	// At all loopback addresses, since each replica has one of its own.
	if m.echo, err = m.self(ctx, "echo", "--listen", "0.0.0.0:0"); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(m.echo)
	if err != nil {
		return err
	}
	m.echo = "127.0.0.1:" + port
	m.rep.head(c)
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"hop", m.hop}, {"many", m.many}, {"idle", m.idle}, {"watchdog", m.watchdog}, {"fork", m.fork}, {"bodies", m.bodies},
	} {
		if slices.Contains(c.Only, part.name) {
			if err := part.run(ctx); err != nil {
				return fmt.Errorf("%s: %w", part.name, err)
			}
		}
	}
	m.rep.tail()
	if c.Report != "" {
		return os.WriteFile(c.Report, m.rep.text.Bytes(), 0o644)
	}
	return nil
}

// self starts this program once more; it stops with the measurement.
func (m *measurement) self(ctx context.Context, args ...string) (string, error) {
	p, line, err := startSelf(ctx, args...)
	if err == nil {
		m.procs = append(m.procs, p)
	}
	return line, err
}

func (m *measurement) last() *process { return m.procs[len(m.procs)-1] }

// gateway starts the gateway with so many functions of so many replicas.
func (m *measurement) gateway(ctx context.Context, functions, replicas int) (url, profiles string, err error) {
	_, port, err := net.SplitHostPort(m.echo)
	if err != nil {
		return "", "", err
	}
	addr, err := m.self(ctx, "gateway", "--functions", strconv.Itoa(functions), "--replicas", strconv.Itoa(replicas), "--port", port)
	if err != nil {
		return "", "", err
	}
	profiles, err = m.last().line()
	return "http://" + addr, "http://" + profiles, err
}

// hop compares proxies in front of one server.
func (m *measurement) hop(ctx context.Context) error {
	all := []contender{{name: "direct", url: "http://" + m.echo + "/", measured: m.procs[0]}}
	p, addr, err := startNginx(ctx, m.dir, m.echo)
	if err != nil {
		return err
	}
	m.procs = append(m.procs, p)
	all = append(all, contender{name: "nginx", url: "http://" + addr + "/", measured: p})
	if addr, err = m.self(ctx, "reverse", "--to", m.echo); err != nil {
		return err
	}
	all = append(all, contender{name: "reverseproxy", url: "http://" + addr + "/", measured: m.last()})
	url, profiles, err := m.gateway(ctx, 1, 1)
	if err != nil {
		return err
	}
	all = append(all, contender{name: "gateway", url: url + "/function/" + name(0), measured: m.last()})

	for _, connections := range m.Connections {
		turns, err := m.rounds(ctx, all, connections, m.For)
		if err != nil {
			return err
		}
		m.rep.hop(connections, all, turns)
	}
	if m.Profile == "" {
		return nil
	}
	ended := make(chan error, 1)
	go func() { ended <- saveProfile(ctx, profiles+"/debug/pprof/profile?seconds=5", m.Profile) }()
	_, err = all[3].load(ctx, m.dir, 50, 6*time.Second)
	return errors.Join(err, <-ended)
}

// rounds gives each of all its turns, one after the other, so that what disturbs the machine disturbs all.
func (m *measurement) rounds(ctx context.Context, all []contender, connections int, d time.Duration) ([][]turn, error) {
	turns := make([][]turn, len(all))
	for round := range m.Rounds {
		for i, c := range all {
			t, err := m.turn(ctx, c, connections, d)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			turns[i] = append(turns[i], t)
			progress("%d connections, round %d of %d: %s %.0f requests/s, %.1f µs of its processor time each, p50 %.2f ms, p99 %.2f ms",
				connections, round+1, m.Rounds, c.name, t.rps(), t.cpu(), t.P50/1e3, t.P99/1e3)
		}
	}
	return turns, nil
}

// turn loads c for d, after a moment that does not count.
func (m *measurement) turn(ctx context.Context, c contender, connections int, d time.Duration) (turn, error) {
	if _, err := c.load(ctx, m.dir, connections, time.Second); err != nil {
		return turn{}, err
	}
	before, err := c.measured.used()
	if err != nil {
		return turn{}, err
	}
	t, err := c.load(ctx, m.dir, connections, d)
	if err != nil {
		return t, err
	}
	after, err := c.measured.used()
	t.own, t.children, t.bytes = after.Own-before.Own, after.Children-before.Children, after.Resident
	return t, err
}

// many compares one function with 1,000 of ten replicas each, by the same script: with the requests to one of them, and to all
// in turn, when each of the 10,000 connections to replicas is used a few times a second.
func (m *measurement) many(ctx context.Context) error {
	few, _, err := m.gateway(ctx, 1, 10)
	if err != nil {
		return err
	}
	one := m.last()
	lots, _, err := m.gateway(ctx, 1000, 10)
	if err != nil {
		return err
	}
	all := []contender{
		{name: "1 function × 10 replicas", url: few, functions: 1, measured: one},
		{name: "one of 1,000 functions × 10 replicas", url: lots, functions: 1, measured: m.last()},
		{name: "all of 1,000 functions × 10 replicas", url: lots, functions: 1000, measured: m.last()},
	}
	turns, err := m.rounds(ctx, all, 50, m.For)
	if err != nil {
		return err
	}
	m.rep.many(all, turns)
	return nil
}

// idleConnections are those that are open with nothing on them.
const idleConnections = 500

// idle measures what idle connections hold, each of which had a request.
func (m *measurement) idle(ctx context.Context) error {
	url, _, err := m.gateway(ctx, 1, 1)
	if err != nil {
		return err
	}
	addr, p := url[len("http://"):], m.last()
	if _, err := streamSmall(ctx, addr, 10); err != nil {
		return err
	}
	before, err := p.used()
	if err != nil {
		return err
	}
	open, err := streamSmall(ctx, addr, idleConnections)
	if err != nil {
		return err
	}
	if err := pause(ctx, time.Second); err != nil {
		return err
	}
	after, err := p.used()
	for _, c := range open {
		_ = c.Close() // nothing is on it
	}
	m.rep.idle(before.Resident, after.Resident)
	return err
}

// watchdog measures http mode, in front of the same server.
func (m *measurement) watchdog(ctx context.Context) error {
	all := []contender{{name: "direct", url: "http://" + m.echo + "/", measured: m.procs[0]}}
	url, err := m.httpWatchdog(ctx)
	if err != nil {
		return err
	}
	all = append(all, contender{name: "watchdog http", url: url, measured: m.ownOnly()})
	for _, connections := range []int{1, 10, 50} {
		turns, err := m.rounds(ctx, all, connections, m.For)
		if err != nil {
			return err
		}
		m.rep.watchdog(connections, all, turns)
	}
	return nil
}

// httpWatchdog runs fwatchdog in http mode in front of a server of its own, and returns its URL.
func (m *measurement) httpWatchdog(ctx context.Context) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	behind, err := freeAddr(ctx)
	if err != nil {
		return "", err
	}
	// Standard input of a function of http mode is empty, and the server ends with it: so it waits for one that does not end.
	return m.startWatchdog(ctx, "mode=http", "upstream_url=http://"+behind,
		fmt.Sprintf("fprocess=/bin/sh -c 'sleep 100000 | %s echo --listen %s'", self, behind))
}

// ownOnly is the last process, of which only its own use counts and not that of its workers.
func (m *measurement) ownOnly() *process {
	p := m.last()
	p.alone = true
	return p
}

// startWatchdog runs fwatchdog and returns its URL.
func (m *measurement) startWatchdog(ctx context.Context, env ...string) (string, error) {
	var ports [2]string
	for i := range ports {
		addr, err := freeAddr(ctx)
		if err != nil {
			return "", err
		}
		if _, ports[i], err = net.SplitHostPort(addr); err != nil {
			return "", err
		}
	}
	addr := "127.0.0.1:" + ports[0]
	p, err := startProgram(ctx, addr, append(env, "port="+ports[0], "metrics_port="+ports[1], "suppress_lock=true"),
		filepath.Join(m.Bin, "fwatchdog"))
	if err != nil {
		return "", err
	}
	m.procs = append(m.procs, p)
	return "http://" + addr + "/", pause(ctx, 300*time.Millisecond)
}

// fork measures a process for each request beside bare process starts, and the pool beside none.
func (m *measurement) fork(ctx context.Context) error {
	spawn, err := buildSpawn(ctx, m.dir)
	if err != nil {
		return err
	}
	var all []contender
	for _, mode := range [][]string{{"streaming"}, {"serializing"}, {"streaming", "pool_size=16", "cgi_headers=false"}} {
		url, err := m.startWatchdog(ctx, append(mode[1:], "mode="+mode[0], "fprocess=/bin/cat")...)
		if err != nil {
			return err
		}
		title := "watchdog " + mode[0]
		if len(mode) > 1 {
			title += ", pool of 16"
		}
		all = append(all, contender{name: title, url: url, measured: m.ownOnly()})
	}
	var limits []float64
	turns := make([][]turn, len(all))
	for range m.Rounds {
		rate, err := spawnRate(ctx, spawn, 10, m.For, "/bin/cat")
		if err != nil {
			return err
		}
		limits = append(limits, rate)
		progress("bare process starts: %.0f/s", rate)
		for i, c := range all {
			t, err := m.turn(ctx, c, 10, m.For)
			if err != nil {
				return err
			}
			turns[i] = append(turns[i], t)
			progress("10 connections: %s %.0f requests/s, %.0f µs of its own processor time each", c.name, t.rps(), t.cpu())
		}
	}
	m.rep.fork(limits, all, turns)
	// One after the other, a pool is only as fast as processes can be started; with a pause it is full at each request.
	for _, pause := range []time.Duration{0, 10 * time.Millisecond} {
		pair := []contender{all[0], all[2]}
		for i := range pair {
			pair[i].pause = pause
		}
		single, err := m.rounds(ctx, pair, 1, m.For)
		if err != nil {
			return err
		}
		m.rep.pool(pause, single)
	}
	return nil
}
