package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"faas/internal/image"
)

// settle is how long files must be left alone before what changed is taken up: an editor writes several, and a checkout many.
const settle = 200 * time.Millisecond

// watch does something again when files change.
type watch struct {
	say io.Writer
	// files are the single files to watch, and the folders with all below them.
	files func() (files, dirs []string, err error)
	// skip are paths in these that are no source. Nil: there are none.
	skip func() []string
}

// run does it at once for everything, and then for what changes, until ctx ends. changed reports whether a folder has; what
// goes wrong is said, and tried again at the next change.
func (w *watch) run(ctx context.Context, do func(ctx context.Context, changed func(dir string) bool) error) error {
	files, dirs, err := w.files()
	if err != nil {
		return err
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch files: %w", err)
	}
	defer func() { _ = watcher.Close() }() // nothing was written
	states := map[string]string{}
	for again := false; ; again = true {
		if err := w.follow(watcher, files, dirs); err != nil {
			return err
		}
		now := w.states(files, dirs)
		if !maps.Equal(now, states) {
			changed := func(dir string) bool { return now[dir] != states[dir] }
			if !again || stackChanged(now, states, files) {
				changed = func(string) bool { return true }
			}
			if err := do(ctx, changed); err != nil && ctx.Err() == nil {
				fmt.Fprintln(w.say, "faas:", err)
			}
			states = now
			fmt.Fprintf(w.say, "%s watching, Ctrl-C ends it\n", time.Now().Format(time.TimeOnly))
		}
		if err := w.wait(ctx, watcher); err != nil || ctx.Err() != nil {
			return err
		}
		if f, d, err := w.files(); err == nil { // else the next try says what is wrong
			files, dirs = f, d
		}
	}
}

// stackChanged reports whether one of the single files is another now.
func stackChanged(now, before map[string]string, files []string) bool {
	return slices.ContainsFunc(files, func(file string) bool { return now[file] != before[file] })
}

// states name the present state of everything that is watched.
func (w *watch) states(files, dirs []string) map[string]string {
	states := map[string]string{}
	var skip []string
	if w.skip != nil {
		skip = w.skip()
	}
	for _, dir := range dirs {
		state, err := image.State(dir, skip...)
		if err != nil {
			state = err.Error() // it goes on to be another when it can be read
		}
		states[dir] = state
	}
	for _, file := range files {
		states[file] = image.FileState(file)
	}
	return states
}

// follow adds folders that are new to those that the kernel tells of. Files are watched by their folders, since editors
// put another in the place of one.
func (w *watch) follow(watcher *fsnotify.Watcher, files, dirs []string) error {
	for _, file := range files {
		if err := watcher.Add(filepath.Dir(file)); err != nil {
			return fmt.Errorf("watch %s: %w", file, err)
		}
	}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return nil //nolint:nilerr // it is gone again, and whoever reads it says so
			}
			if rel, err := filepath.Rel(dir, name); err == nil && image.Skipped(rel) {
				return fs.SkipDir
			}
			return watcher.Add(name)
		})
		if err != nil {
			return fmt.Errorf("watch %s: %w", dir, err)
		}
	}
	return nil
}

// wait returns when something changed and all is quiet again, or ctx ended.
func (w *watch) wait(ctx context.Context, watcher *fsnotify.Watcher) error {
	quiet := time.NewTimer(settle)
	quiet.Stop()
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-watcher.Events:
			if e.Op != fsnotify.Chmod && !strings.HasSuffix(e.Name, "~") {
				quiet.Reset(settle)
			}
		case err := <-watcher.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return fmt.Errorf("watch files: %w", err)
			}
			quiet.Reset(settle) // too much changed to tell what
		case <-quiet.C:
			return nil
		}
	}
}
