package local

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
)

// stackWatcher applies the stack file's changes while the backend runs. It looks at times and sizes
// rather than use the kernel's notifications, which miss editors that replace files and network disks.
type stackWatcher struct {
	backend *Backend
	file    string
	log     *slog.Logger
	notice  func(subject, text string)
	// change makes a function as the file has it, or removes it.
	change func(ctx context.Context, verb, name string, do func(*supervisor, time.Time) error) error

	files   []string          // all that the last load looked at
	seen    string            // their fingerprint before that load
	now     *stack            // the last that was without mistakes
	applied map[string]entry  // what the functions were made from
	behind  bool              // applied differs from now
	refused map[string]string // why a function's change was refused, so that it is said once
}

func newStackWatcher(b *Backend) *stackWatcher {
	return &stackWatcher{
		backend: b, file: b.opts.StackFile, log: b.opts.Log, notice: b.opts.Notice,
		change: func(ctx context.Context, verb, name string, do func(*supervisor, time.Time) error) error {
			return b.change(ctx, verb, name, false, do)
		},
		refused: map[string]string{},
	}
}

// first loads the file for the start of the backend. An error in it is final: there is nothing to hold on to.
func (w *stackWatcher) first() error {
	if w.file == "" {
		return nil
	}
	w.files = []string{w.file}
	w.seen = fingerprint(w.files)
	s, files, err := loadStack(w.file)
	if err != nil {
		return err
	}
	w.follow(files)
	w.take(s)
	w.applied = maps.Clone(s.functions) // by restore
	return nil
}

func (w *stackWatcher) take(s *stack) {
	w.now = s
	w.backend.stack.Store(s)
	if len(s.notes) > 0 {
		w.log.Debug("stack file has keys that are not used here", "file", w.file, "keys", strings.Join(s.notes, ", "))
	}
}

// follow takes note of the files to look at. Those that are new have been read a moment ago.
func (w *stackWatcher) follow(files []string) {
	if !slices.Equal(files, w.files) {
		w.files = files
		w.seen = fingerprint(files)
	}
}

func (w *stackWatcher) run(ctx context.Context) {
	if w.file == "" {
		return
	}
	tick := time.NewTicker(w.backend.timing.stackInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.look(ctx)
		}
	}
}

// look takes up what has changed in the file, and what was refused before.
func (w *stackWatcher) look(ctx context.Context) {
	if now := fingerprint(w.files); now != w.seen {
		w.seen = now
		s, files, err := loadStack(w.file)
		w.follow(files)
		if err != nil {
			for problem := range strings.SplitSeq(err.Error(), "\n") {
				w.notice(w.file, "refused: "+problem)
			}
		} else {
			w.take(s)
			w.behind = true
			clear(w.refused)
		}
	}
	if w.behind {
		w.reconcile(ctx)
	}
}

// reconcile applies every difference between the file and what was applied. What is refused is tried
// again at the next look.
func (w *stackWatcher) reconcile(ctx context.Context) {
	w.behind = false
	for _, name := range slices.Sorted(maps.Keys(w.applied)) {
		if _, still := w.now.functions[name]; !still && w.remove(ctx, name) {
			delete(w.applied, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.now.functions)) {
		e := w.now.functions[name]
		old, was := w.applied[name]
		if was && old.dir == e.dir && old.process == e.process && reflect.DeepEqual(old.function, e.function) {
			continue
		}
		if w.set(ctx, name, e) {
			w.applied[name] = e
		}
	}
}

// remove takes away a function that the file has no more, unless the API made it its own.
func (w *stackWatcher) remove(ctx context.Context, name string) bool {
	said := ""
	err := w.change(ctx, "remove", name, func(sv *supervisor, _ time.Time) error {
		switch d := sv.functions[name]; {
		case d == nil: // the API removed it
			return nil
		case !d.fromStack:
			said = fmt.Sprintf("kept, though %s has it no more: the API changed it", w.file)
			return nil
		default:
			said = fmt.Sprintf("removed: %s has it no more", w.file)
			return sv.remove(name)
		}
	})
	return w.done(ctx, name, said, w.file, err)
}

// set makes a function as the file has it, also one that the API deployed.
func (w *stackWatcher) set(ctx context.Context, name string, e entry) bool {
	where := fmt.Sprintf("%s:%d", w.file, e.line)
	sp, err := newSpec(e.function, e)
	said := ""
	if err == nil {
		err = w.change(ctx, "apply", name, func(sv *supervisor, now time.Time) error {
			if d := sv.functions[name]; d != nil {
				said = "updated from " + where
				if d.tuned != nil {
					said += ", without what was set of its scaling"
				}
				return sv.update(e.function, sp, true)
			}
			said = "deployed from " + where
			return sv.deploy(e.function, sp, true, now)
		})
	}
	return w.done(ctx, name, said, where, err)
}

// done says what became of a change, and reports whether it was applied. A refusal is said once, however
// often it is tried.
func (w *stackWatcher) done(ctx context.Context, name, said, where string, err error) bool {
	if err != nil {
		w.behind = true
		if why := err.Error(); ctx.Err() == nil && w.refused[name] != why {
			w.refused[name] = why
			w.notice(name, fmt.Sprintf("refused: %s: %s", where, why))
		}
		return false
	}
	delete(w.refused, name)
	if said != "" {
		w.notice(name, said)
	}
	return true
}

// fingerprint changes when one of the files does. A file that cannot be seen has one too.
func fingerprint(files []string) string {
	var b strings.Builder
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			fmt.Fprintf(&b, "%s missing\n", file)
			continue
		}
		fmt.Fprintf(&b, "%s %d %d\n", file, info.ModTime().UnixNano(), info.Size())
	}
	return b.String()
}
