package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWatch changes files as editors and people do, and holds that only what they are of is done again.
func TestWatch(t *testing.T) {
	root := t.TempDir()
	file, a, b := filepath.Join(root, "stack.yml"), filepath.Join(root, "a"), filepath.Join(root, "b")
	writeTest(t, file, "1")
	writeTest(t, filepath.Join(a, "x"), "1")
	writeTest(t, filepath.Join(b, "x"), "1")
	type turn struct{ a, b bool }
	turns := make(chan turn, 10)
	w := watch{say: io.Discard, files: func() ([]string, []string, error) { return []string{file}, []string{a, b}, nil }}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- w.run(ctx, func(_ context.Context, changed func(string) bool) error {
			turns <- turn{changed(a), changed(b)}
			return errors.New("a mistake, after which it goes on")
		})
	}()
	next := func(what string, want turn) {
		t.Helper()
		select {
		case got := <-turns:
			if got != want {
				t.Errorf("%s: %+v, want %+v", what, got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: nothing is done", what)
		}
	}
	next("at first", turn{true, true})
	writeTest(t, filepath.Join(a, "x"), "2")
	next("a file", turn{true, false})
	writeTest(t, filepath.Join(b, "build", "image.tar"), "what was built is not the function")
	writeTest(t, filepath.Join(b, "new", "y"), "1")
	next("a file in a new folder", turn{false, true})
	writeTest(t, filepath.Join(b, "new", "y"), "2")
	next("and that again", turn{false, true})
	writeTest(t, filepath.Join(root, ".tmp"), "2")
	if err := os.Rename(filepath.Join(root, ".tmp"), file); err != nil {
		t.Fatal(err)
	}
	next("another stack file in its place", turn{true, true})
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(turns) > 0 {
		t.Errorf("and %d more", len(turns))
	}
}
