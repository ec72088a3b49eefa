package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"faas"
	"faas/gateway"
	"faas/internal/monitoring"
	"faas/internal/supervise"
	"faas/local"
	"faas/queue"
	"faas/scaler"
	"faas/web"
)

// The parts of the system by the names that people see.
const (
	partGateway      = "gateway"
	partQueue        = "queue"
	partReload       = "config"
	partPrometheus   = "prometheus"
	partAlertmanager = "alertmanager"
	partTelling      = "events"
	partScaler       = "scaler"
	partBackend      = "functions"
)

// stopOrder lets requests end while everything else still works, and the functions outlive who calls them.
var stopOrder = []string{
	partReload, partQueue, partGateway, partPrometheus, partAlertmanager, partTelling, partScaler, partBackend,
}

// system is everything that `faas up` runs.
type system struct {
	flags *upCommand
	out   *console
	log   *slog.Logger
	group *supervise.Group

	data, bin   string // absolute
	lock        io.Closer
	credentials *gateway.Credentials
	addresses   addresses
	drain       time.Duration // the bound of requests in flight at the end

	watchdog, prometheusPath, alertmanagerPath string
	ports                                      *listeners
	backend                                    *local.Backend
	scaler                                     *scaler.Scaler
	async                                      *async
	follower                                   *monitoring.Follower

	mu       sync.Mutex
	programs []*supervise.Program
}

func newSystem(c *upCommand, out *console, log *slog.Logger) *system {
	return &system{flags: c, out: out, log: log, group: supervise.NewGroup()}
}

// run starts everything, and stops it when ctx ends or a part fails. Nothing is left running when it
// returns.
func (s *system) run(ctx context.Context) error {
	defer s.release()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	failure := s.inSource(s.start(ctx))
	if failure == nil {
		select {
		case <-ctx.Done():
		case failure = <-s.group.Failed():
			s.out.trouble("faas", "stopping", failure.Error())
		}
	}
	if errors.Is(failure, errStopped) {
		failure = nil // whoever asked for it knows
	}
	if err := errors.Join(failure, s.stop()); err != nil {
		return err
	}
	s.out.change("faas", "stopped", "")
	return nil
}

// release lets go of the ports, which their owners have closed where they ran, and of the data
// directory.
func (s *system) release() {
	if s.ports != nil {
		s.ports.close()
	}
	if s.lock != nil {
		_ = s.lock.Close() // it ends with the process in any case
	}
}

func (s *system) stop() error {
	steps := map[string]string{
		partQueue:        "asynchronous calls under way end, the others are kept",
		partGateway:      fmt.Sprintf("unready, no new connections, requests in flight may take %s", s.drain),
		partPrometheus:   "no more orders",
		partAlertmanager: "no more deliveries",
		partBackend:      "replicas drain",
	}
	report := func(part string) {
		if why := steps[part]; why != "" {
			s.out.change(part, "stopping", why)
		}
	}
	return errors.Join(removeAddresses(s.data), s.group.Stop(report, stopOrder...))
}

// prepare does all that can fail before anything runs.
func (s *system) prepare(ctx context.Context) (err error) {
	c := s.flags
	if s.watchdog, s.prometheusPath, s.alertmanagerPath, s.bin, err = c.binaries(); err != nil {
		return err
	}
	if s.data, err = filepath.Abs(c.Data); err != nil {
		return fmt.Errorf("--data %s: %w", c.Data, err)
	}
	if err := os.MkdirAll(filepath.Join(s.data, "logs"), 0o700); err != nil {
		return fmt.Errorf("--data %s: %w", c.Data, err)
	}
	var locked *supervise.LockedError
	if s.lock, err = supervise.Lock(s.data); errors.As(err, &locked) {
		return runsAlready(locked)
	}
	if err != nil {
		return fmt.Errorf("--data %s: %w", c.Data, err)
	}
	if err := removeAddresses(s.data); err != nil { // of a run that was killed
		return err
	}
	if s.ports, err = c.listen(ctx); err != nil {
		return err
	}
	s.addresses = s.ports.addresses()
	if c.Stack != "" {
		if _, err := os.Stat(c.Stack); err != nil {
			return fmt.Errorf("--stack: %w (an empty one, --stack=, runs without)", err)
		}
	}
	if !c.NoAuth {
		if s.credentials, err = makeCredentials(s.secrets()); err != nil {
			return err
		}
	}
	return s.render()
}

func (s *system) secrets() string { return filepath.Join(s.data, "secrets") }

func (s *system) passwordFile() string { return filepath.Join(s.secrets(), gateway.PasswordFile) }

func (s *system) configDir() string { return filepath.Join(s.data, "config") }

func (s *system) logFile(part string) string { return filepath.Join(s.data, "logs", part+".log") }

// render writes the configuration of Prometheus and Alertmanager.
func (s *system) render() error {
	setting := monitoring.Setting{
		Gateway: s.addresses.Gateway, Metrics: s.addresses.Metrics,
		Prometheus: s.addresses.Prometheus, Alertmanager: s.addresses.Alertmanager,
	}
	if s.credentials != nil {
		setting.User, setting.PasswordFile = s.credentials.User, s.passwordFile()
	}
	if s.flags.ConfigDir == "" {
		return monitoring.Render(faas.ControlLoop, s.configDir(), setting)
	}
	s.follower = &monitoring.Follower{
		Source: s.flags.ConfigDir, Dir: s.configDir(), Setting: setting,
		Servers: []monitoring.Server{
			{Name: "Prometheus", Folder: "prometheus", Address: s.addresses.Prometheus, LogFile: s.logFile(partPrometheus)},
			{Name: "Alertmanager", Folder: "alertmanager", Address: s.addresses.Alertmanager, LogFile: s.logFile(partAlertmanager)},
		},
		Report: s.reloaded,
	}
	return s.follower.Render()
}

// components makes what runs in this process.
func (s *system) components() (*gateway.Gateway, error) {
	registry := newRegistry()
	config, err := s.flags.gatewayConfig(os.LookupEnv)
	if err != nil {
		return nil, err
	}
	s.drain = config.DrainTimeout
	if s.backend, err = local.New(local.Options{
		StackFile: s.flags.Stack, DataDir: s.data, Watchdog: s.watchdog, Path: []string{s.bin},
		Notice: func(subject, text string) { s.out.change(subject, "note", text) },
		Log:    s.log, Registerer: registry,
	}); err != nil {
		return nil, err
	}
	o := gateway.Options{
		Portal: web.Dist(), Intents: s.flags.Intents,
		Listener: s.ports.gateway, MetricsListener: s.ports.metrics,
		Config: config, Credentials: s.credentials, Prometheus: []string{"http://" + s.addresses.Prometheus},
		Links: gateway.Links{Prometheus: "http://" + s.addresses.Prometheus, Alertmanager: "http://" + s.addresses.Alertmanager},
		Info:  gateway.Info{Backend: "local", Orchestration: "processes"},
		Log:   s.log, Registry: registry,
	}
	if s.async, err = newAsync(s.queueOptions(), &o, os.LookupEnv); err != nil {
		return nil, err
	}
	alertmanager, err := newAlertmanager(s.log, "http://"+s.addresses.Alertmanager)
	if err != nil {
		return nil, err
	}
	var g *gateway.Gateway
	if s.scaler, g, err = assemble(s.backend, alertmanager, o); err == nil {
		s.async.gateway.Store(g)
	}
	return g, err
}

// queueOptions are those of a queue in this process. Where only this machine can call the gateway, answers may go to other
// programs of it, for people who try things out, but not to those of this system: Alertmanager takes orders from everyone
// who reaches it.
func (s *system) queueOptions() queue.Options {
	o := queue.Options{Dir: filepath.Join(s.data, "queue")}
	o.Callbacks.Loopback = supervise.Loopback(s.flags.Listen)
	for _, addr := range []net.Addr{s.ports.prometheus.Addr(), s.ports.alertmanager.Addr()} {
		_, port := ownAddress(addr)
		o.Callbacks.OwnPorts = append(o.Callbacks.OwnPorts, port)
	}
	return o
}
