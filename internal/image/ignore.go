package image

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

const ignoreFile = ".dockerignore"

// ignore is what a folder's .dockerignore excludes, by Docker's rules. Without the file it is nothing.
type ignore struct {
	patterns *patternmatcher.PatternMatcher
}

func readIgnore(dir string) (ignore, error) {
	at := filepath.Join(dir, ignoreFile)
	file, err := os.Open(at)
	if errors.Is(err, fs.ErrNotExist) {
		return ignore{}, nil
	}
	if err != nil {
		return ignore{}, fmt.Errorf("read the function's folder: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	lines, err := ignorefile.ReadAll(file)
	if err != nil {
		return ignore{}, fmt.Errorf("read %s: %w", at, err)
	}
	patterns, err := patternmatcher.New(lines)
	if err != nil {
		return ignore{}, fmt.Errorf("read %s: %w", at, err)
	}
	return ignore{patterns}, nil
}

// excludes reports whether a path in the folder is left out.
func (i ignore) excludes(rel string) (bool, error) {
	if i.patterns == nil {
		return false, nil
	}
	excluded, err := i.patterns.MatchesOrParentMatches(rel)
	if err != nil {
		return false, fmt.Errorf("%s: is %s excluded: %w", ignoreFile, rel, err)
	}
	return excluded, nil
}

// excepts reports whether some of what is in a directory that is left out may be kept, by a pattern with an exclamation mark.
func (i ignore) excepts() bool { return i.patterns != nil && i.patterns.Exclusions() }
