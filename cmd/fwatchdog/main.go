// Command fwatchdog is the entry point of a function's image: it serves the
// command in fprocess over HTTP. Everything is set by environment variables,
// which -help lists.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"faas/watchdog"
)

// The linker sets these.
var (
	version = "dev"
	commit  = "unknown"
)

// The exit codes. A watchdog that a signal ended at once exits with 128 and its number.
const (
	exitOK     = 0
	exitFailed = 1 // could not serve or not drain
	exitUsage  = 2 // the flags or the environment are wrong
	exitSignal = 128
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("fwatchdog", flag.ContinueOnError)
	flags.SetOutput(stderr)
	showVersion := flags.Bool("version", false, "print the version")
	healthcheck := flags.Bool("run-healthcheck", false, "succeed when the watchdog takes requests")
	flags.Usage = func() { usage(flags) }
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage
	case *showVersion:
		_, _ = fmt.Fprintf(stdout, "Version: %s\tSHA: %s\n", version, commit) // as OpenFaaS's watchdogs
		return exitOK
	case *healthcheck:
		if _, err := os.Stat(watchdog.DefaultLockPath); err != nil {
			_, _ = fmt.Fprintln(stderr, "unhealthy:", err)
			return exitFailed
		}
		return exitOK
	}
	if os.Getpid() == 1 {
		return runInit(stderr)
	}
	return serve(stderr)
}

func serve(stderr io.Writer) int {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	config, err := watchdog.ConfigFromEnv(os.LookupEnv)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return exitUsage
	}
	useProcessors(config)
	http, metrics, err := watchdog.InheritedListeners(os.LookupEnv)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return exitUsage
	}
	w, err := watchdog.New(watchdog.Options{Config: config, Listener: http, MetricsListener: metrics, Log: log})
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return exitUsage
	}

	ctx, drain := context.WithCancel(context.Background())
	defer drain()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT)
	go func() {
		sig := <-signals
		if sig != syscall.SIGQUIT {
			drain()
			sig = <-signals
		}
		w.Kill()
		log.Warn("watchdog killed", "signal", sig.String())
		os.Exit(exitSignal + int(sig.(syscall.Signal)))
	}()
	switch err := w.Run(ctx); {
	case errors.Is(err, watchdog.ErrKilled):
		select {} // who killed it is about to exit with the signal's code
	case err != nil:
		log.Error("watchdog failed", "err", err)
		return exitFailed
	}
	log.Info("watchdog ended")
	return exitOK
}

func usage(flags *flag.FlagSet) {
	out := flags.Output()
	_, _ = fmt.Fprint(out, "Usage: fwatchdog [flags]\n\nServes the command in fprocess over HTTP.\n\nFlags:\n")
	flags.PrintDefaults()
	_, _ = fmt.Fprint(out, "\nEnvironment variables, with their defaults (durations as 1m30s or whole seconds):\n")
	_ = watchdog.Usage(out)
	_, _ = fmt.Fprint(out, "\nExit codes: 0 drained, 1 failed, 2 wrong flags or environment, 128+N killed by signal N.\n")
}
