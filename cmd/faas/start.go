package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"faas/function"
	"faas/internal/monitoring"
	"faas/internal/supervise"
	"faas/scaler"
)

const (
	// partLimit bounds the stop of one part beyond its own bounds.
	partLimit = 15 * time.Second
	// firstReplicas bounds the wait for every function's first replica. Nothing is wrong when one takes longer.
	firstReplicas = 20 * time.Second
	// silence is how long it waits without a word.
	silence = 3 * time.Second
	// firstBeat bounds the wait for the control loop to close. Prometheus looks for what to scrape every 5 s.
	firstBeat = 20 * time.Second
)

// start starts the parts, each once what it needs is there, and returns when all are ready. The caller
// stops what was started, also after an error.
func (s *system) start(ctx context.Context) error {
	began := time.Now()
	gateway, err := s.components()
	if err != nil {
		return err
	}
	alertmanager, err := s.alertmanager()
	if err != nil {
		return err
	}
	prometheus, err := s.prometheus()
	if err != nil {
		return err
	}

	s.out.hold() // what happens meanwhile is told after the welcome
	defer s.out.release()
	board := newStatusBoard(s.out)
	beats := make(chan struct{})
	beat := sync.OnceFunc(func() { close(beats) })
	s.group.Go(ctx, partBackend, partLimit, s.backend.Run)
	s.group.Go(ctx, partScaler, partLimit, s.scaler.Run)
	s.group.Go(ctx, partTelling, time.Second, func(ctx context.Context) error {
		var both sync.WaitGroup
		both.Go(func() { board.run(ctx, s.backend.Watch) })
		both.Go(func() {
			s.scaler.Follow(ctx, func(e scaler.Event) {
				if e.Kind == scaler.KindHeartbeat && e.Status == "firing" {
					beat()
				}
				tellDecision(s.out, e)
			})
		})
		both.Wait()
		return nil
	})
	if err := s.await(ctx, board.loaded); err != nil {
		return err
	}
	s.tellRestored(board.functions())
	s.group.Go(ctx, partGateway, s.drain+partLimit, func(ctx context.Context) error { return s.serve(ctx, gateway.Run) })
	s.group.Go(ctx, partQueue, s.drain+partLimit, s.async.run)
	_ = s.ports.alertmanager.Yield() // if the port stays taken, its owner says so
	s.group.Go(ctx, partAlertmanager, partLimit, alertmanager.Run)
	_ = s.ports.prometheus.Yield() // as above
	s.group.Go(ctx, partPrometheus, partLimit, prometheus.Run)
	for _, ready := range []<-chan struct{}{alertmanager.Ready(), prometheus.Ready()} {
		if err := s.await(ctx, ready); err != nil {
			return err
		}
	}
	if s.follower != nil {
		s.group.Go(ctx, partReload, partLimit, s.follower.Run)
	}
	if err := s.awaitFunctions(ctx, board); err != nil {
		return err
	}
	if err := s.awaitLoop(ctx, beats); err != nil {
		return err
	}
	s.welcome(time.Since(began), board.functions())
	board.open()
	return s.addresses.write(s.data)
}

// await waits until ready is closed.
func (s *system) await(ctx context.Context, ready <-chan struct{}) error {
	select {
	case <-ready:
		return nil
	case err := <-s.group.Failed():
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// awaitLoop waits until the first heartbeat went the whole way round: scraped, evaluated, delivered.
// Without it functions run, but nothing scales them.
func (s *system) awaitLoop(ctx context.Context, beats <-chan struct{}) error {
	s.out.print("waiting for Prometheus's first scrape, up to 5 s")
	late, cancel := context.WithTimeout(ctx, firstBeat)
	defer cancel()
	err := s.await(late, beats)
	if errors.Is(err, context.DeadlineExceeded) {
		s.out.trouble("control loop", "late", "no heartbeat yet: see the logs of Prometheus and Alertmanager")
		return nil
	}
	return err
}

// awaitFunctions waits until each function has a replica, or tells why it has none.
func (s *system) awaitFunctions(ctx context.Context, board *statusBoard) error {
	late := make(chan struct{})
	timer := time.AfterFunc(firstReplicas, func() { close(late) })
	defer timer.Stop()
	silent := time.After(silence)
	for {
		changed := board.changed()
		waiting := unready(board.functions())
		if len(waiting) == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-silent:
			s.out.print(fmt.Sprintf("waiting for the first replica of %s, up to %s", strings.Join(waiting, ", "), firstReplicas))
		case <-late:
			s.out.trouble("functions", "late", "no replica yet: "+strings.Join(waiting, " "))
			return nil
		case err := <-s.group.Failed():
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (s *system) prometheus() (*supervise.Program, error) {
	args := append(monitoring.PrometheusFlags(),
		"--config.file="+filepath.Join(s.configDir(), "prometheus", "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(s.data, "prometheus"),
		"--web.enable-lifecycle",
	)
	return s.program(partPrometheus, s.prometheusPath, s.addresses.Prometheus, s.ports.prometheus.Addr().String(),
		monitoring.PrometheusEnv(), args...)
}

func (s *system) alertmanager() (*supervise.Program, error) {
	return s.program(partAlertmanager, s.alertmanagerPath, s.addresses.Alertmanager, s.ports.alertmanager.Addr().String(), nil,
		"--config.file="+filepath.Join(s.configDir(), "alertmanager", "alertmanager.yml"),
		"--storage.path="+filepath.Join(s.data, "alertmanager"),
		// The head of alertmanager.yml says why.
		"--cluster.listen-address=", "--data.retention=1h", "--data.maintenance-interval=10s",
	)
}

func (s *system) program(name, path, dial, listen string, env []string, args ...string) (*supervise.Program, error) {
	p, err := supervise.NewProgram(supervise.ProgramOptions{
		Name: name, Path: path, Env: env,
		Args:    append(args, "--web.listen-address="+listen, "--web.external-url=http://"+dial), // in the links of alerts
		LogFile: s.logFile(name), ReadyURL: "http://" + dial + "/-/ready",
		Report: func(e supervise.Event) {
			if e.Err != nil {
				s.out.trouble(name, "died", e.String())
				return
			}
			s.out.recovery(name, "ready", e.String())
		},
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.programs = append(s.programs, p)
	return p, nil
}

// tellRestored tells of functions that begin with more replicas than they would if they were new.
func (s *system) tellRestored(functions []function.Status) {
	for _, f := range functions {
		if f.Desired > max(1, f.Scaling.Min) {
			s.out.change(f.Name, "restored", fmt.Sprintf("%d replicas, as it was when faas stopped", f.Desired))
		}
	}
}

// inSource names the files that the user edits where err names the copies that were made of them.
func (s *system) inSource(err error) error {
	if err == nil || s.follower == nil {
		return err
	}
	return s.follower.InSource(err)
}

// reloaded tells of a changed configuration.
func (s *system) reloaded(server string, err error) {
	if err != nil {
		s.out.trouble(server, "refused", "its new configuration, so the one before stays in force:\n  "+
			strings.ReplaceAll(err.Error(), "\n", "\n  "))
		return
	}
	s.out.recovery(server, "reloaded", "its configuration")
}

// kill ends the child programs at once. The watchdogs end by themselves when this process does.
func (s *system) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.programs {
		p.Kill()
	}
}

// unready names those that want replicas, have none, and are not known to be broken.
func unready(functions []function.Status) []string {
	var names []string
	for _, f := range functions {
		if f.Desired > 0 && f.Available() == 0 && f.Blocked == "" {
			names = append(names, f.Name)
		}
	}
	return names
}
