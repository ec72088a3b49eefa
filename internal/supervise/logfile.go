package supervise

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// logInterval is the time between two looks at the size of a log. Even at 1 MB/s it outgrows its limit by
// no more than itself.
const logInterval = 10 * time.Second

// keepLogBounded bounds the log of a program that runs, until ctx ends.
func keepLogBounded(ctx context.Context, name string, limit int64) {
	ticker := time.NewTicker(logInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = boundLog(name, limit) // the next look may do better
		}
	}
}

// boundLog moves the content of the file to NAME.1 when it is larger than limit. The file itself stays,
// since the program that writes to it has it open: it appends, so it goes on at the new end. What cannot be
// moved, on a full disk say, is dropped.
func boundLog(name string, limit int64) error {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() <= limit {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(copyFile(name, name+".1"), os.Truncate(name, 0))
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // only read
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
