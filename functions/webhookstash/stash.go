package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// stash writes a body to a new file in dir, which it makes where there is none, and returns the file's path.
//
// The body is written under another name first and gets its own once it is on the disk, by a link, which replaces nothing. So who
// lists the directory sees whole bodies only, and of two that arrive in the same nanosecond the second gets another name.
func stash(body io.Reader, dir string, now time.Time) (_ string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the directory of stash_dir: %w", err)
	}
	part, err := os.CreateTemp(dir, ".part-*")
	if err != nil {
		return "", fmt.Errorf("write to stash_dir: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(part.Name())) }() // the link stays
	n, err := io.Copy(part, body)
	if err = errors.Join(err, part.Sync(), part.Close()); err != nil {
		return "", fmt.Errorf("write to stash_dir: %w", err)
	}
	if n == 0 {
		return "", errors.New("the body is empty: send what is to be kept")
	}
	// Its names sort as the bodies came.
	begin := now.UTC().Format("20060102T150405.000000000Z")
	for i := 0; ; i++ {
		name := begin
		if i > 0 {
			name += "-" + strconv.Itoa(i)
		}
		path := filepath.Join(dir, name+".txt")
		switch err := os.Link(part.Name(), path); {
		case err == nil:
			return path, nil
		case !errors.Is(err, fs.ErrExist):
			return "", fmt.Errorf("name the file in stash_dir: %w", err)
		}
	}
}
