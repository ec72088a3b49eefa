package image

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// folder says which of the files in a function's folder count: not those that only its author has there, which are what
// Skipped says, images, what .dockerignore excludes, and directories of nothing but images.
type folder struct {
	// dir may be a symbolic link to one.
	dir string
	// skip are the paths of others that do not count, wherever they are.
	skip []string
	// recipe: Dockerfile and .dockerignore count even if they are excluded, as Docker needs them to build.
	recipe bool
}

// walk calls see for what counts, with where it is read from, in the order of names.
func (f folder) walk(see func(rel, from string, info fs.FileInfo) error) error {
	root, err := filepath.EvalSymlinks(f.dir) // WalkDir enters no link
	if err == nil {
		root, err = filepath.Abs(root)
	}
	if err != nil {
		return fmt.Errorf("read the function's folder: %w", err)
	}
	ignored, err := readIgnore(root)
	if err != nil {
		return err
	}
	left, err := f.left(root)
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read the function's folder: %w", err)
		}
		rel, err := filepath.Rel(root, name)
		if err != nil || rel == "." {
			return err
		}
		rel = filepath.ToSlash(rel)
		if Skipped(rel) || left.has(rel, d.IsDir()) {
			return leave(d)
		}
		excluded, err := ignored.excludes(rel)
		switch {
		case err != nil:
			return err
		case excluded && d.IsDir() && ignored.excepts():
			return nil
		case excluded && (!f.recipe || rel != dockerfile && rel != ignoreFile):
			return leave(d)
		}
		info, err := d.Info()
		if err != nil {
			return fmt.Errorf("read the function's folder: %w", err)
		}
		if !info.IsDir() && !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
			return fmt.Errorf("%s is neither a file nor a directory: an image cannot have it", name)
		}
		return see(rel, name, info)
	})
}

// left are the paths in a folder, relative to it, that were said not to count, and the directories above them.
type left struct {
	root       string
	out, above map[string]bool
}

func (f folder) left(root string) (left, error) {
	l := left{root: root, out: map[string]bool{}, above: map[string]bool{OutputDir: true}}
	for _, file := range f.skip {
		file, err := filepath.Abs(file)
		if err != nil {
			return l, fmt.Errorf("read the function's folder: %w", err)
		}
		for _, at := range []string{filepath.Join(resolved(filepath.Dir(file)), filepath.Base(file)), resolved(file)} {
			rel, err := filepath.Rel(root, at)
			if err != nil || !filepath.IsLocal(rel) {
				continue
			}
			rel = filepath.ToSlash(rel)
			l.out[rel] = true
			for dir := path.Dir(rel); dir != "."; dir = path.Dir(dir) {
				l.above[dir] = true
			}
		}
	}
	return l, nil
}

// has reports whether a path does not count: it was said, it is an image beside a stack file in the folder, or it is a
// directory above such with nothing else in it. Other things may be called build as well.
func (l left) has(rel string, isDir bool) bool {
	ext := path.Ext(strings.TrimSuffix(rel, extPart))
	switch {
	case l.out[rel], path.Dir(rel) == OutputDir && (ext == extTar && !isDir || ext == extLayout && isDir):
		return true
	case !isDir || !l.above[rel]:
		return false
	}
	entries, err := os.ReadDir(filepath.Join(l.root, rel))
	return err == nil && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !l.has(path.Join(rel, e.Name()), e.IsDir()) })
}

// resolved is a whole path without symbolic links in what there is of it.
func resolved(name string) string {
	at, err := filepath.EvalSymlinks(name)
	if dir := filepath.Dir(name); err != nil && dir != name {
		return filepath.Join(resolved(dir), filepath.Base(name))
	}
	if err != nil {
		return name
	}
	return at
}

// leave goes on behind an entry.
func leave(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// Skipped reports whether a path in a function's folder, relative to it, is no part of the function: version control, what
// faas up keeps, and what Python compiled.
func Skipped(rel string) bool {
	rel = filepath.ToSlash(rel)
	return slices.Contains([]string{".git", "__pycache__"}, path.Base(rel)) || rel == ".faas"
}

// OutputDir is where images are written, beside the stack file and so perhaps in a function's folder.
const OutputDir = "build"

// Outputs are the paths at which a function's image is written in a directory.
func Outputs(dir, name string) []string {
	var paths []string
	for _, ext := range []string{extTar, extLayout} {
		paths = append(paths, filepath.Join(dir, name+ext), filepath.Join(dir, name+ext+extPart))
	}
	return paths
}

// What the names of images end with, and of those that are being written.
const (
	extTar    = ".tar"
	extLayout = ".oci"
	extPart   = ".part"
)
