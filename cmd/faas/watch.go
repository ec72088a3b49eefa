package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"faas/internal/image"
)

// settle is how long files must be left alone before what changed is taken up: an editor writes several, and a checkout many.
const settle = 200 * time.Millisecond

// watch does something again when files change.
type watch struct {
	say io.Writer
	// files are the single files to watch, and the whole names of the folders that are watched with all below them.
	files func() (files, dirs []string, err error)
	// skip are paths in these that are no source. Nil: there are none.
	skip func() []string

	missing map[string]bool // the folders of which it was said that they are waited for
}

// run does it at once for everything, and then for what changes, until ctx ends. changed reports whether a folder has; what
// goes wrong is said, and tried again at the next change.
func (w *watch) run(ctx context.Context, do func(ctx context.Context, changed func(dir string) bool) error) error {
	here, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("watch files: %w", err)
	}
	files, dirs, err := w.names(here)
	if err != nil {
		return err
	}
	states := map[string]string{}
	for again := false; ; again = true {
		seen, err := newFollowed(files, dirs)
		if err != nil {
			return err
		}
		now := w.states(files, dirs)
		if there := w.there(files, dirs); there && !maps.Equal(now, states) {
			changed := func(dir string) bool { return now[dir] != states[dir] }
			if !again || stackChanged(now, states, files) {
				changed = func(string) bool { return true }
			}
			if err := do(ctx, changed); err != nil && ctx.Err() == nil {
				fmt.Fprintln(w.say, "faas:", err)
			}
			if ctx.Err() == nil {
				fmt.Fprintf(w.say, "%s watching, Ctrl-C ends it\n", time.Now().Format(time.TimeOnly))
			}
		}
		states = now
		err = wait(ctx, seen)
		seen.close()
		if err != nil || ctx.Err() != nil {
			return err
		}
		if f, d, err := w.names(here); err == nil { // else the next try says what is wrong
			files, dirs = f, d
		}
	}
}

// names are the whole names of what is to be watched. They are those below here again when here was removed and made anew,
// which the kernel takes for two folders.
func (w *watch) names(here string) (files, dirs []string, err error) {
	if err := os.Chdir(here); err != nil {
		return nil, nil, fmt.Errorf("watch files: %w", err)
	}
	files, dirs, err = w.files()
	files = slices.Clone(files)
	for i, file := range files {
		if !filepath.IsAbs(file) {
			files[i] = filepath.Join(here, file)
		}
	}
	return files, dirs, err
}

// there reports whether the folders of the single files are, without which nothing can be done. It says once of each folder
// that is missing that it is waited for.
func (w *watch) there(files, dirs []string) bool {
	there, missing := true, map[string]bool{}
	look := func(dir string) bool {
		if _, err := os.Stat(dir); err == nil {
			return true
		}
		if !missing[dir] && !w.missing[dir] {
			fmt.Fprintf(w.say, "%s waiting for the folder %s\n", time.Now().Format(time.TimeOnly), dir)
		}
		missing[dir] = true
		return false
	}
	for _, file := range files {
		there = look(filepath.Dir(file)) && there
	}
	for _, dir := range dirs {
		look(dir)
	}
	w.missing = missing
	return there
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

// wait returns when something changed and all is quiet again, or ctx ended.
func wait(ctx context.Context, seen *followed) error {
	quiet := time.NewTimer(settle)
	quiet.Stop()
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-seen.watcher.Events:
			if seen.counts(e) {
				quiet.Reset(settle)
			}
		case err := <-seen.watcher.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return fmt.Errorf("watch files: %w", err)
			}
			quiet.Reset(settle) // too much changed to tell what
		case <-quiet.C:
			return nil
		}
	}
}
