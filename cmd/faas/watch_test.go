package main

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// TestWatchFolderThatGoesAway takes away what is watched and brings it back, as a change of branches does.
func TestWatchFolderThatGoesAway(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	writeTest(t, "own/stack.yml", "1")
	writeTest(t, "real/x", "1")
	if err := os.Symlink("real", "link"); err != nil {
		t.Fatal(err)
	}
	late, linked := filepath.Join(root, "d2", "er", "wn"), filepath.Join(root, "link")
	w := &watched{t: t, turns: make(chan string, 10), says: make(chan string, 100)}
	w.start(watch{say: w, files: func() ([]string, []string, error) {
		_, err := os.Stat("own/stack.yml")
		return []string{"own/stack.yml"}, []string{late, linked}, err
	}}, map[string]string{"late": late, "linked": linked})

	w.hears("waiting for the folder " + late)
	w.next("late linked")
	writeTest(t, filepath.Join(late, "x"), "1")
	w.next("late")
	writeTest(t, filepath.Join(late, "x"), "2")
	w.next("late")
	writeTest(t, "real/x", "2")
	w.next("linked")

	w.move("d2", "away")
	w.hears("waiting for the folder " + late)
	w.next("late")
	w.move("away", "d2")
	w.next("late")
	writeTest(t, filepath.Join(late, "x"), "3")
	w.next("late")

	w.move("own", "own_")
	w.hears("waiting for the folder " + filepath.Join(root, "own"))
	w.move("own_", "own")
	w.next("late linked")
	w.move("own", "own_")
	w.hears("waiting for the folder " + filepath.Join(root, "own"))
	writeTest(t, "own/stack.yml", "another one")
	w.next("late linked")
	writeTest(t, "own/stack.yml", "2")
	w.next("late linked")

	writeTest(t, "other/x", "9")
	if err := os.Symlink("other", "link_"); err != nil {
		t.Fatal(err)
	}
	w.move("link_", "link")
	w.next("linked")
	writeTest(t, "other/x", "10")
	w.next("linked")
	writeTest(t, "beside", "it is of nothing that is watched")
	w.end()
}

// TestWatchFromAFolderThatIsMadeAnew is started in the function's folder.
func TestWatchFromAFolderThatIsMadeAnew(t *testing.T) {
	root := t.TempDir()
	own := filepath.Join(root, "own")
	writeTest(t, filepath.Join(own, "stack.yml"), "1")
	t.Chdir(own)
	w := &watched{t: t, turns: make(chan string, 10), says: make(chan string, 100)}
	w.start(watch{say: w, files: func() ([]string, []string, error) {
		_, err := os.Stat("stack.yml")
		return []string{"stack.yml"}, []string{own}, err
	}}, map[string]string{"own": own})
	w.next("own")
	if err := os.RemoveAll(own); err != nil {
		t.Fatal(err)
	}
	w.hears("waiting for the folder " + own)
	writeTest(t, filepath.Join(own, "stack.yml"), "1")
	w.next("own")
	writeTest(t, filepath.Join(own, "x"), "1")
	w.next("own")
	w.end()
}

// watched runs a watch and has what it does and says.
type watched struct {
	t     *testing.T
	turns chan string // the names of what had changed
	says  chan string
	stop  context.CancelFunc
	ended chan error
}

func (w *watched) Write(line []byte) (int, error) {
	if strings.Contains(string(line), "waiting") {
		w.says <- string(line)
	}
	return len(line), nil
}

func (w *watched) start(what watch, names map[string]string) {
	ctx, stop := context.WithCancel(w.t.Context())
	w.stop, w.ended = stop, make(chan error, 1)
	go func() {
		w.ended <- what.run(ctx, func(_ context.Context, changed func(string) bool) error {
			var all []string
			for _, name := range slices.Sorted(maps.Keys(names)) {
				if changed(names[name]) {
					all = append(all, name)
				}
			}
			w.turns <- strings.Join(all, " ")
			return nil
		})
	}()
}

func (w *watched) next(want string) {
	w.t.Helper()
	select {
	case got := <-w.turns:
		if got != want {
			w.t.Errorf("done again: %s, want %s", got, want)
		}
	case err := <-w.ended:
		w.t.Fatalf("it ended: %v", err)
	case <-time.After(10 * time.Second):
		w.t.Fatalf("nothing is done of %s", want)
	}
}

func (w *watched) hears(want string) {
	w.t.Helper()
	select {
	case got := <-w.says:
		if !strings.HasSuffix(got, want+"\n") {
			w.t.Errorf("it says %s, want %s", got, want)
		}
	case err := <-w.ended:
		w.t.Fatalf("it ended: %v", err)
	case <-time.After(10 * time.Second):
		w.t.Fatalf("it does not say %s", want)
	}
}

func (w *watched) move(from, to string) {
	w.t.Helper()
	if err := os.Rename(from, to); err != nil {
		w.t.Fatal(err)
	}
}

// end holds that nothing else was done or said.
func (w *watched) end() {
	w.t.Helper()
	w.stop()
	if err := <-w.ended; err != nil {
		w.t.Error(err)
	}
	if len(w.turns)+len(w.says) > 0 {
		w.t.Errorf("done %d times more, said %d more", len(w.turns), len(w.says))
	}
}
