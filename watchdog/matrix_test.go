//go:build linux

package watchdog

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// The modes of the matrix. A fork mode with a pool is a mode of its own here.
const (
	streaming       = "streaming"
	streamingPool   = "streaming, pool"
	serializing     = "serializing"
	serializingPool = "serializing, pool"
	proxied         = "http"
	static          = "static"
)

var (
	streams     = []string{streaming, streamingPool}
	serializes  = []string{serializing, serializingPool}
	forks       = slices.Concat(streams, serializes)
	matrixModes = append(slices.Clone(forks), proxied, static)
)

// modeVars are the variables of a mode, whose function runs in dir.
func modeVars(mode, dir string) []string {
	pool := []string{"cgi_headers=false", "pool_size=2"}
	switch mode {
	case streaming:
		return []string{"mode=streaming"}
	case streamingPool:
		return append(pool, "mode=streaming")
	case serializing:
		return []string{"mode=serializing"}
	case serializingPool:
		return append(pool, "mode=serializing")
	case proxied:
		return []string{"mode=http", "fprocess='" + os.Args[0] + "'", "upstream_url=http://127.0.0.1:0"}
	default:
		return []string{"mode=static", "static_path=" + dir}
	}
}

// A cell is a case in one mode: it runs, or does not apply.
type cell struct {
	vars []string // of the watchdog, beyond those of the mode
	run  func(*testing.T, *daemon)
	// measures says that run looks at the memory in use.
	measures bool
	not      string // why it does not apply
}

type cells map[string]cell

// in is the same cell in several modes.
func in(modes []string, c cell) cells {
	all := make(cells)
	for _, m := range modes {
		all[m] = c
	}
	return all
}

// row puts the cells of a case together. A mode may come once.
func row(parts ...cells) cells {
	all := make(cells)
	for _, p := range parts {
		for mode, c := range p {
			if _, twice := all[mode]; twice {
				panic("twice in one row: " + mode)
			}
			all[mode] = c
		}
	}
	return all
}

// needs is a fork mode's function, with further variables.
func needs(process string, vars ...string) []string {
	return append([]string{"fprocess=" + process}, vars...)
}

var one = func(mode string) []string { return []string{mode} }

const noProcess = "no process is behind a file"

// matrix is what becomes of every case in every mode.
func matrix() map[string]cells {
	all := map[string]cells{}
	for _, part := range []map[string]cells{ends(), limited(), exchanges()} {
		for name, c := range part {
			if _, twice := all[name]; twice {
				panic("twice in the matrix: " + name)
			}
			all[name] = c
		}
	}
	return all
}

// ends are the cases of how an invocation ends.
func ends() map[string]cells {
	return map[string]cells{
		"normal": row(
			in(forks, cell{vars: needs("cat"), run: forkEchoes}),
			in(one(proxied), cell{run: echoes("/echo/")}),
			in(one(static), cell{run: staticServes("hello")}),
		),
		"exit≠0 before output": row(
			in(forks, cell{vars: needs("sh -c 'cat >/dev/null; exit 3'"), run: forkFails("function failed: exit status 3\n")}),
			in(one(proxied), cell{run: serverDiesBeforeOutput}),
			in(one(static), cell{not: noProcess}),
		),
		"exit≠0 after output": row(
			in(streams, cell{vars: needs("sh -c '" + part + hold + "exit 3'"), run: breaksAfterOutput("/")}),
			in(serializes, cell{vars: needs("sh -c '" + part + "exit 3'"), run: forkFails("function failed: exit status 3\npart\n")}),
			in(one(proxied), cell{run: breaksAfterOutput("/die")}),
			in(one(static), cell{not: noProcess}),
		),
		"time-out before output": row(
			in(forks, cell{vars: needs("sleep 60", "exec_timeout=100ms"), run: timesOut("/")}),
			in(one(proxied), cell{vars: []string{"exec_timeout=500ms"}, run: timesOut("/slow")}),
			in(one(static), cell{not: "a file takes no time but its client's, which write_timeout bounds"}),
		),
		"time-out after output": row(
			in(streams, cell{vars: needs("sh -c '"+part+"exec sleep 60'", "exec_timeout=500ms"), run: timesOutAfterOutput("/")}),
			in(serializes, cell{vars: needs("sh -c '"+part+"exec sleep 60'", "exec_timeout=100ms"), run: timesOut("/")}),
			in(one(proxied), cell{vars: []string{"exec_timeout=500ms"}, run: timesOutAfterOutput("/part")}),
			in(one(static), cell{not: "a file takes no time but its client's, which write_timeout bounds"}),
		),
		"client gone": row(
			in(forks, cell{vars: needs("sh -c '" + read + "sleep 60 & echo $$ $! >$DIR/pids; wait'"), run: clientGoneKills}),
			in(one(proxied), cell{run: clientGoneIsPassedOn}),
			in(one(static), cell{run: clientGoneFromFile}),
		),
	}
}

// limited are those of bounds, and of what is in the way of an end.
func limited() map[string]cells {
	return map[string]cells{
		"100 MB both ways": row(
			in(streams, cell{vars: needs("cat"), run: flatEcho("/", flat), measures: true}),
			// Body and output are held whole, so memory is bounded by twice max_body.
			in(serializes, cell{vars: needs("cat", "max_body=100Mi"), run: flatEcho("/", 2*bigBody+flat), measures: true}),
			in(one(proxied), cell{run: flatEcho("/echo/", flat), measures: true}),
			in(one(static), cell{run: flatFile, measures: true}),
		),
		"100 MB beyond max_body": row(
			in(streams, cell{not: "nothing is held that max_body could bound"}),
			in(serializes, cell{vars: needs("cat", "max_body=1Mi"), run: refusesBigBody("/"), measures: true}),
			in(one(proxied), cell{vars: []string{"http_buffer_req_body=true", "max_body=1Mi"}, run: refusesBigBody("/echo/"), measures: true}),
			in(one(static), cell{not: "nothing is held that max_body could bound"}),
		),
		"concurrent limit": row(
			in(forks, cell{vars: needs("sh -c '"+hold+"echo done'", "max_inflight=1"), run: limits("/")}),
			in(one(proxied), cell{vars: []string{"max_inflight=1"}, run: limits("/hold")}),
			in(one(static), cell{vars: []string{"max_inflight=1"}, run: limitsFiles}),
		),
		"SIGTERM in flight": row(
			in(forks, cell{vars: needs("sh -c '" + hold + "echo done'"), run: drains("/")}),
			in(one(proxied), cell{run: drains("/hold")}),
			in(one(static), cell{run: drainsFiles}),
		),
		"child that ignores SIGTERM": row(
			in(forks, cell{
				vars: needs(`sh -c "trap '' TERM; `+read+`sleep 60 & echo \$\$ \$! >$DIR/pids; wait"`, "exec_timeout=500ms"),
				run:  endsDeafProcesses,
			}),
			in(one(proxied), cell{vars: []string{deafVariable + "=1"}, run: endsDeafServer}),
			in(one(static), cell{not: noProcess}),
		),
		"grandchild that holds the pipe": row(
			in(forks, cell{vars: needs("sh -c '" + read + "sleep 60 & echo $! >$DIR/pids; echo done'"), run: endsGrandchild}),
			in(one(proxied), cell{run: endsWorkerOfDeadServer}),
			in(one(static), cell{not: noProcess}),
		),
	}
}

// exchanges are those of what goes over the connection.
func exchanges() map[string]cells {
	return map[string]cells{
		"binary body": row(
			in(forks, cell{vars: needs("cat"), run: echoesBinary("/")}),
			in(one(proxied), cell{run: echoesBinary("/echo/")}),
			in(one(static), cell{run: staticServes(binaryBody())}),
		),
		"empty body": row(
			in(forks, cell{vars: needs("cat"), run: echoesNothing("/")}),
			in(one(proxied), cell{run: echoesNothing("/echo/")}),
			in(one(static), cell{run: staticServes("")}),
		),
		"Expect: 100-continue": row(
			in(forks, cell{vars: needs("cat"), run: continues("/")}),
			in(one(proxied), cell{run: continues("/echo/")}),
			in(one(static), cell{run: answersWithoutContinue}),
		),
		"request trailers": row(
			in(forks, cell{vars: needs("cat"), run: requestTrailer("/", "")}), // a pipe has no place for them
			in(one(proxied), cell{run: requestTrailer("/trailers", "42")}),
			in(one(static), cell{not: "a file reads no request"}),
		),
		"response trailers": row(
			in(forks, cell{not: "a process has one output, and that is the body"}),
			in(one(proxied), cell{run: responseTrailer}),
			in(one(static), cell{not: "a file has no trailers"}),
		),
		"WebSocket": row(
			in(forks, cell{not: "a process has pipes, no connection to take over"}),
			in(one(proxied), cell{vars: []string{"exec_timeout=200ms", "write_timeout=200ms", "read_timeout=200ms"}, run: webSocket}),
			in(one(static), cell{not: "a file answers no messages"}),
		),
		"server-sent events": row(
			in(streams, cell{
				vars: needs(`sh -c '`+read+`for i in 1 2 3; do printf "data: %s\n\n" $i; until [ -e $DIR/$i ]; do sleep 0.01; done; done'`,
					"content_type=text/event-stream"),
				run: eventsOneByOne("/"),
			}),
			in(serializes, cell{not: "output is held whole"}),
			in(one(proxied), cell{run: eventsOneByOne("/events")}),
			in(one(static), cell{not: "a file is no stream"}),
		),
	}
}

// TestMatrix runs every cell on the real program, as a process of its own.
func TestMatrix(t *testing.T) {
	program := buildWatchdog(t, raceFlags()...)
	measured := program
	if len(raceFlags()) > 0 {
		measured = buildWatchdog(t) // the race detector needs several times the memory
	}
	table := matrix()
	for _, name := range slices.Sorted(maps.Keys(table)) {
		for _, mode := range matrixModes {
			c, ok := table[name][mode]
			switch {
			case !ok:
				t.Errorf("%s in mode %s is missing", name, mode)
			case c.run == nil && c.not == "":
				t.Errorf("%s in mode %s neither runs nor says why not", name, mode)
			case c.run == nil:
				t.Logf("%s in mode %s does not apply: %s", name, mode, c.not)
			default:
				t.Run(strings.ReplaceAll(name+"/"+mode, " ", "_"), func(t *testing.T) {
					t.Parallel()
					dir, program := t.TempDir(), program
					if c.measures {
						program = measured
					}
					c.run(t, startDaemon(t, program, dir, append(modeVars(mode, dir), c.vars...)...))
				})
			}
		}
		if len(table[name]) > len(matrixModes) {
			t.Errorf("%s has a mode that is unknown", name)
		}
	}
}
