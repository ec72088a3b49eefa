package supervise

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Lock makes this process the only owner of dir, by flock on a file in it. The kernel lets go of it when
// the process ends in whatever way, so that nothing stale can be left. Close the lock to let go earlier. A
// directory that is owned already is a LockedError.
func Lock(dir string) (io.Closer, error) {
	file, err := os.OpenFile(filepath.Join(dir, "up.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		owner, _ := io.ReadAll(io.LimitReader(file, 32)) // only to tell more
		_ = file.Close()                                 // nothing was written
		return nil, &LockedError{Dir: dir, PID: strings.TrimSpace(string(owner))}
	}
	if err == nil {
		err = writePID(file)
	}
	if err != nil {
		_ = file.Close() // the first error says what is wrong
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return file, nil
}

func writePID(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := fmt.Fprintln(file, os.Getpid())
	return err
}

// LockedError tells that another process owns a directory.
type LockedError struct {
	Dir string
	// PID is the number of that process, empty where it is not known yet.
	PID string
}

// Error implements error.
func (e *LockedError) Error() string {
	text := "lock " + e.Dir + ": another process uses it"
	if e.PID != "" {
		text += " (pid " + e.PID + ")"
	}
	return text
}
