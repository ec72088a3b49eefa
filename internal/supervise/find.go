package supervise

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Binary is a program to be found.
type Binary struct {
	// Flag is the command line flag that names its path, for errors.
	Flag string
	// Path is what the user gave. Empty: look for Names.
	Path string
	// Names are the file names that it goes by, the likeliest first.
	Names []string
}

// Find returns the paths of the binaries in their order. One without a path of its own is looked for in
// dir, then on PATH. The error names every binary that is missing.
func Find(dir string, binaries ...Binary) ([]string, error) {
	var errs []error
	paths := make([]string, len(binaries))
	for i, b := range binaries {
		path, err := b.find(dir)
		if err != nil {
			errs = append(errs, err)
		}
		paths[i] = path
	}
	return paths, errors.Join(errs...)
}

func (b Binary) find(dir string) (string, error) {
	if b.Path != "" {
		path, err := exec.LookPath(b.Path)
		if err != nil {
			return "", fmt.Errorf("%s: %w", b.Flag, err)
		}
		return filepath.Abs(path)
	}
	for _, name := range b.Names {
		if path := filepath.Join(dir, name); executable(path) {
			return filepath.Abs(path)
		}
	}
	for _, name := range b.Names {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", fmt.Errorf("%s is neither in %s nor on PATH (or give %s)", strings.Join(b.Names, " or "), dir, b.Flag)
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
