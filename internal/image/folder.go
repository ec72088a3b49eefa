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
// Skipped says, images, and what .dockerignore excludes.
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
	if err != nil {
		return fmt.Errorf("read the function's folder: %w", err)
	}
	ignored, err := readIgnore(root)
	if err != nil {
		return err
	}
	skipped, err := f.skipped(root)
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
		if Skipped(rel) || skipped[rel] || output(root, rel, d.IsDir()) {
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

// skipped are the paths to skip that are in the folder, relative to it.
func (f folder) skipped(root string) (map[string]bool, error) {
	skipped := map[string]bool{}
	for _, file := range f.skip {
		file, err := filepath.Abs(file)
		if err != nil {
			return nil, fmt.Errorf("read the function's folder: %w", err)
		}
		in, err := filepath.EvalSymlinks(filepath.Dir(file))
		if err != nil {
			continue // there is no such file
		}
		named := filepath.Join(in, filepath.Base(file))
		for _, at := range []string{named, target(named)} {
			if rel, err := filepath.Rel(root, at); err == nil {
				skipped[filepath.ToSlash(rel)] = true
			}
		}
	}
	return skipped, nil
}

// target is what a symbolic link leads to, and a file that is none itself.
func target(name string) string {
	if at, err := filepath.EvalSymlinks(name); err == nil {
		return at
	}
	return name
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

// output reports whether a path in a function's folder is an image that was written there, or a directory of nothing else.
// Other things may be called build as well.
func output(dir, rel string, isDir bool) bool {
	rel = filepath.ToSlash(rel)
	if rel == OutputDir && isDir {
		entries, err := os.ReadDir(filepath.Join(dir, rel))
		return err == nil && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !output(dir, path.Join(rel, e.Name()), e.IsDir()) })
	}
	ext := path.Ext(strings.TrimSuffix(rel, ".part"))
	return path.Dir(rel) == OutputDir && (ext == ".tar" && !isDir || ext == ".oci" && isDir)
}
