package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"faas/function"
)

// Run brings back the functions of the stack file and of the state, supervises them until ctx ends, and
// returns when no process of theirs is left. It works once.
func (b *Backend) Run(ctx context.Context) error {
	if !b.started.CompareAndSwap(false, true) {
		return errors.New("run the local backend: it was run already")
	}
	defer close(b.ended)
	if err := b.run(ctx); err != nil {
		return fmt.Errorf("run the local backend: %w", err)
	}
	return nil
}

func (b *Backend) run(ctx context.Context) (err error) {
	if err := os.MkdirAll(b.logs.dir, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	unlock, err := lockDir(b.opts.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	watchdog, err := findWatchdog(b.opts.Watchdog)
	if err != nil {
		return err
	}
	node, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("name the machine: %w", err)
	}
	watcher := newStackWatcher(b)
	if err := watcher.first(); err != nil {
		return err
	}
	statePath := filepath.Join(b.opts.DataDir, "state.json")
	before, err := loadState(statePath, b.opts.Log)
	if err != nil {
		return err
	}
	b.logs.maxSize = b.timing.logSize
	secrets, err := b.secrets.load()
	if err != nil {
		return err
	}
	if err := adoptOrphans(); err != nil {
		return err
	}

	saver := newSaver(statePath, b.opts.Log)
	spawner := newSpawner()
	launcher := &launcher{
		log: b.opts.Log, timing: b.timing, watchdog: watchdog, base: b.base, logs: b.logs, secrets: b.secrets, spawner: spawner,
		ports: newPorts(), starts: make(chan struct{}, b.timing.startsAtOnce),
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	}
	// Replicas still drain when ctx has ended.
	alive, end := context.WithCancel(context.WithoutCancel(ctx))
	warden := newWarden()
	s := &supervisor{
		log: b.opts.Log, notice: b.opts.Notice, metrics: b.metrics, timing: b.timing, board: b.board, node: node,
		launch:  func(r *replica, events chan<- event) { launcher.run(alive, r, events) },
		measure: warden.measure, save: saver.save, forget: b.forget,
		functions: map[string]*deployed{}, secrets: map[string]int{},
		events: make(chan event), usage: make(chan map[int]int64),
	}
	for _, name := range secrets {
		s.setSecret(name)
	}
	b.restore(s, before)

	var tasks sync.WaitGroup
	tasks.Go(func() { saver.run(alive.Done()) })
	tasks.Go(func() { spawner.run(alive.Done()) })
	tasks.Go(func() { watcher.run(ctx) })
	s.run(ctx, b.ops)
	end()
	tasks.Wait()
	return nil
}

// restore gives the supervisor what the stack file has and what was kept. A function that the API
// deployed or changed is taken as the API left it.
func (b *Backend) restore(s *supervisor, before state) {
	now := time.Now()
	s.parked = map[string]keptFunction{}
	entries := map[string]entry{}
	if st := b.stack.Load(); st != nil {
		entries = st.functions
	}
	for _, name := range slices.Sorted(maps.Keys(before.Functions)) {
		kept := before.Functions[name]
		if kept.Function == nil {
			continue
		}
		f := kept.Function.restore(name)
		sp, err := b.resolve(f)
		if err != nil {
			b.opts.Log.Error("function of an earlier run cannot be run any more: left out", "function", name, "err", err)
			s.parked[name] = kept
			continue
		}
		if _, both := entries[name]; both {
			b.opts.Log.Info("function was changed by the API: the stack file's is not used", "function", name)
		}
		s.bring(f, sp, false, kept)
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		e := entries[name]
		sp, err := newSpec(e.function, e)
		if err != nil || s.functions[name] != nil {
			continue // err is nil: loadStack has made this spec before
		}
		kept, ok := before.Functions[name]
		f := s.retune(e, &kept)
		scaling, _ := f.ParseScaling() // checked by loadStack, or by retune
		switch {
		case !ok:
			kept = keptFunction{Desired: scaling.Min, CreatedAt: now}
		case kept.Min != nil && *kept.Min == kept.Desired:
			kept.Desired = scaling.Min
		}
		s.bring(f, sp, true, kept)
	}
	s.save(s.state()) // when a new one of the stack file was created, from which its logs are shown in later runs too
	s.publish()
	close(b.loaded)
}

// bring adds a function of an earlier run, with the count that it had.
func (s *supervisor) bring(f function.Function, sp spec, fromStack bool, kept keptFunction) {
	d := &deployed{createdAt: kept.CreatedAt, fromStack: fromStack, desired: kept.Desired, tuned: kept.Tuned}
	d.define(f, s.withSecrets(f, sp))
	s.add(d)
}

func findWatchdog(path string) (string, error) {
	if path == "" {
		path = "fwatchdog"
		if self, err := os.Executable(); err == nil {
			beside := filepath.Join(filepath.Dir(self), "fwatchdog")
			if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
				path = beside
			}
		}
	}
	found, err := exec.LookPath(path)
	if err != nil {
		return "", fmt.Errorf("find the watchdog: %w", err)
	}
	return filepath.Abs(found)
}
