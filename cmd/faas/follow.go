package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/fsnotify/fsnotify"

	"faas/internal/image"
)

// followed is what the kernel tells of. It is made anew at each turn, since what was moved away is still told of by its old
// name, and what came in its place is not.
type followed struct {
	watcher *fsnotify.Watcher
	trees   map[string]bool // folders of which everything counts
	names   map[string]bool // what counts of other folders
}

// newFollowed watches files and folders by their whole names, which may be missing. What it knows of them has no symbolic links, as the kernel.
func newFollowed(files, dirs []string) (*followed, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch files: %w", err)
	}
	f := &followed{watcher: watcher, trees: map[string]bool{}, names: map[string]bool{}}
	for _, name := range slices.Concat(files, dirs) {
		if err == nil {
			err = f.path(name)
		}
	}
	for _, dir := range dirs {
		if err == nil {
			err = f.tree(dir)
		}
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *followed) close() { _ = f.watcher.Close() } // nothing was written

// path has it told when what stands at name comes, goes or is another: all folders above it are watched for the next name
// below, as far as they are there. Files are watched so too, since editors put another in the place of one.
func (f *followed) path(name string) error {
	if err := f.above(name); err != nil {
		return err
	}
	target, err := filepath.EvalSymlinks(name)
	if err != nil || target == name {
		return nil //nolint:nilerr // it is missing, which is waited for
	}
	return f.above(target)
}

// above goes from the root down, so that no folder comes unseen between two steps.
func (f *followed) above(name string) error {
	var chain []string
	for at := name; at != filepath.Dir(at); at = filepath.Dir(at) {
		chain = append(chain, at)
	}
	for i, at := range slices.Backward(chain) {
		if _, err := os.Stat(at); err == nil && i > 0 && runtime.GOOS != "linux" {
			continue // where a watch opens every file of a folder, as on macOS, the nearest ones must do
		}
		dir, err := filepath.EvalSymlinks(filepath.Dir(at))
		if err != nil {
			return nil // it is missing, and the last one tells when it comes
		}
		f.names[filepath.Join(dir, filepath.Base(at))] = true
		if err := f.add(dir); err != nil && !errors.Is(err, fs.ErrPermission) { // only what is in some folder need be readable
			return err
		}
	}
	return nil
}

// tree watches a folder and those in it.
func (f *followed) tree(dir string) error {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil //nolint:nilerr // it is missing, which is waited for
	}
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil //nolint:nilerr // it is gone again, and whoever reads it says so
		}
		if rel, err := filepath.Rel(root, name); err == nil && image.Skipped(rel) {
			return fs.SkipDir
		}
		f.trees[name] = true
		return f.add(name)
	})
}

func (f *followed) add(dir string) error {
	if err := f.watcher.Add(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	return nil
}

// counts reports whether an event is of what is followed. Others are of what lies beside it.
func (f *followed) counts(e fsnotify.Event) bool {
	if e.Op == fsnotify.Chmod || strings.HasSuffix(e.Name, "~") {
		return false
	}
	return f.names[e.Name] || f.trees[e.Name] || f.trees[filepath.Dir(e.Name)]
}
