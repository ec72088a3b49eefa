package watchdog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// DefaultLockPath is the file that exists while the watchdog takes requests.
const DefaultLockPath = "/tmp/.lock"

// A lockFile is by what health checks see that requests are taken. With an
// empty path there is none, and it counts as present.
type lockFile struct{ path string }

func (l lockFile) create() error {
	if l.path == "" {
		return nil
	}
	// An image that is made from scratch has no /tmp.
	err := os.MkdirAll(filepath.Dir(l.path), 0o777) //nolint:gosec // G301: everybody writes to /tmp
	if err == nil {
		//nolint:gosec // G306: a health check may run as another user
		err = os.WriteFile(l.path, nil, 0o644)
	}
	if err != nil {
		return fmt.Errorf("create lock file (suppress_lock=true runs without): %w", err)
	}
	return nil
}

func (l lockFile) present() bool {
	if l.path == "" {
		return true
	}
	_, err := os.Stat(l.path)
	return !errors.Is(err, fs.ErrNotExist)
}

func (l lockFile) remove() error {
	if l.path == "" {
		return nil
	}
	if err := os.Remove(l.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove lock file: %w", err)
	}
	return nil
}
