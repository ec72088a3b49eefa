package local

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Options say what a Backend runs and where it keeps its state. The zero value works: no stack file,
// state under .faas, fwatchdog found beside the running program or on PATH, no logs, no metrics.
type Options struct {
	// StackFile is the OpenFaaS stack file whose functions are deployed at start and whose changes are
	// followed. Empty: none.
	StackFile string
	// DataDir holds state.json, logs/, function-secrets/ and replica-secrets/, the values of secrets and the
	// copies that replicas read, and functions/, the working directories of functions without a handler. When
	// such a function is removed its directory goes if it is empty, and is kept otherwise; logs are kept. Other
	// names in it are not this backend's: `faas up` has its own credentials in secrets/. Empty: ".faas".
	DataDir string
	// Watchdog is the path of the fwatchdog program. Empty: beside the running program, else on PATH.
	Watchdog string
	// Path are directories that functions find before those of PATH.
	Path []string
	// Notice is told what a person at the console wants to know, in one line: once for each deployed
	// function what of its settings has no effect here, and each change of the stack file that is applied
	// or refused. Subject is the function's name or the stack file's. It is called from more than one
	// goroutine, must return soon and must not call the backend. Nil: notices are logged at level Info.
	Notice func(subject, text string)
	// Log gets what an operator wants to see. Nil: nothing is logged.
	Log *slog.Logger
	// Registerer gets the metrics. Nil: they are not registered.
	Registerer prometheus.Registerer
}

// timing holds every duration and bound of the backend, so that tests can make them small.
type timing struct {
	startTimeout    time.Duration // from the start of a replica to its first 200 at /_/ready
	startsAtOnce    int           // replicas between start and ready, as far as startSlot lets them hold up others
	startSlot       time.Duration // the longest time that one starting replica holds up others
	drainSettle     time.Duration // between a replica's leaving the snapshot's ready ones and its SIGTERM
	shutdownTimeout time.Duration // the longest drain when Run ends
	healthInterval  time.Duration // between two health checks of a replica
	healthTimeout   time.Duration // of one health check
	healthWindow    time.Duration // without one good health check, after which a replica is hung
	backoffFirst    time.Duration // before the second restart in a row; the first is at once
	backoffMax      time.Duration
	backoffReset    time.Duration // a replica that ran so long did not crash at its start
	scanInterval    time.Duration // between two measurements of memory
	stackInterval   time.Duration // between two looks at the stack file
	logSize         int64         // bytes of a log file, at which it is renamed
}

func defaultTiming() timing {
	return timing{
		startTimeout:    30 * time.Second,
		startsAtOnce:    2 * runtime.NumCPU(),
		startSlot:       250 * time.Millisecond,
		drainSettle:     200 * time.Millisecond,
		shutdownTimeout: 10 * time.Second,
		healthInterval:  time.Second,
		healthTimeout:   2 * time.Second,
		healthWindow:    5 * time.Second,
		backoffFirst:    100 * time.Millisecond,
		backoffMax:      10 * time.Second,
		backoffReset:    10 * time.Second,
		scanInterval:    500 * time.Millisecond,
		stackInterval:   500 * time.Millisecond,
		logSize:         10 << 20,
	}
}

func (o Options) withDefaults() Options {
	if o.DataDir == "" {
		o.DataDir = ".faas"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Notice == nil {
		log := o.Log
		o.Notice = func(subject, text string) { log.Info("notice", "subject", subject, "text", text) }
	}
	return o
}

// baseEnv is the whole environment that a function gets besides its own: small, so that a function runs
// here as it does in a container and does not lean on, or leak, the operator's shell.
func (o Options) baseEnv() map[string]string {
	path := ""
	for _, dir := range o.Path {
		if abs, err := filepath.Abs(dir); err == nil { // functions have working directories of their own
			path += abs + string(os.PathListSeparator)
		}
	}
	return map[string]string{
		"PATH":   path + os.Getenv("PATH"),
		"HOME":   os.Getenv("HOME"),
		"TMPDIR": os.TempDir(),
		"LANG":   "C.UTF-8",
	}
}
