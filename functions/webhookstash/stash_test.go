package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var now = time.Date(2026, 11, 28, 8, 0, 0, 123456789, time.UTC)

// stashed are the files in a directory, with what is in them.
func stashed(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(text)
	}
	return files
}

func TestStash(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for i, body := range []string{"one", "two", "three\x00\xff"} {
		name, err := stash(strings.NewReader(body), dir, now)
		want := filepath.Join(dir, []string{"20261128T080000.123456789Z.txt", "20261128T080000.123456789Z-1.txt", "20261128T080000.123456789Z-2.txt"}[i])
		if err != nil || name != want {
			t.Errorf("%q, %v; want %q", name, err, want)
		}
	}
	want := map[string]string{
		"20261128T080000.123456789Z.txt": "one", "20261128T080000.123456789Z-1.txt": "two", "20261128T080000.123456789Z-2.txt": "three\x00\xff",
	}
	if diff := cmp.Diff(want, stashed(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// TestStashAtOnce has many bodies come in the same nanosecond.
func TestStashAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if _, err := stash(strings.NewReader(fmt.Sprint(i)), dir, now); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	bodies := map[string]bool{}
	for _, body := range stashed(t, dir) {
		bodies[body] = true
	}
	if len(bodies) != 50 {
		t.Errorf("%d of 50 bodies are there", len(bodies))
	}
}

func TestStashRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := stash(strings.NewReader(""), dir, now); err == nil || err.Error() != "the body is empty: send what is to be kept" {
		t.Errorf("an empty body: %v", err)
	}
	if _, err := stash(iotest.ErrReader(errors.New("gone")), dir, now); err == nil || err.Error() != "write to stash_dir: gone" {
		t.Errorf("a body that breaks off: %v", err)
	}
	if left := stashed(t, dir); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
	if _, err := stash(strings.NewReader("x"), file, now); err == nil || err.Error() != "make the directory of stash_dir: mkdir "+file+": not a directory" {
		t.Errorf("a file in the directory's place: %v", err)
	}
	// Not even root writes here.
	if _, err := stash(strings.NewReader("x"), "/proc/self", now); err == nil || !strings.HasPrefix(err.Error(), "write to stash_dir: ") {
		t.Errorf("a directory that is not to be written to: %v", err)
	}
}
