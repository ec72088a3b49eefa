package image

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// TestBigFile has a file that does not go through memory as a whole, and leaves nothing in the directory of temporary files.
func TestBigFile(t *testing.T) {
	const size, most = 64 << 20, 16 << 20
	dir, watchdog := write(t, map[string]string{"Dockerfile": "", "run": "1", "big": ""}), program(t, "watchdog")
	if err := os.Truncate(filepath.Join(dir, "big"), size); err != nil {
		t.Fatal(err)
	}
	temporary, to := t.TempDir(), filepath.Join(t.TempDir(), "a.tar")
	t.Setenv("TMPDIR", temporary)
	for name, do := range map[string]func() error{
		"state": func() error {
			_, err := State(dir)
			return err
		},
		"image": func() error {
			i, err := New(t.Context(), Options{Watchdog: watchdog, ProgramPath: WorkDir + "/run", Dir: dir})
			if err != nil {
				return err
			}
			if err := i.WriteTar(t.Context(), "x/a", to); err != nil {
				return err
			}
			return i.Close()
		},
		"an image that cannot be": func() error {
			if _, err := New(t.Context(), Options{Watchdog: watchdog, Certificates: filepath.Join(dir, "none")}); err == nil {
				t.Error("it is made")
			}
			return nil
		},
		"Docker": func() error {
			file, err := contextFile(t.Context(), DockerOptions{Dir: dir, Watchdog: watchdog, Arch: "amd64"})
			if err != nil {
				return err
			}
			defer func() { _ = os.Remove(file.Name()) }()
			return file.Close()
		},
		"a folder that cannot be sent": func() error {
			if _, err := contextFile(t.Context(), DockerOptions{Dir: filepath.Join(dir, "none")}); err == nil {
				t.Error("it is sent")
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if err := do(); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > most {
				t.Errorf("it took %d MB of memory for a file of %d MB", took>>20, size>>20)
			}
			if left, err := os.ReadDir(temporary); err != nil || len(left) != 0 {
				t.Errorf("it left %v, %v", left, err)
			}
		})
	}
}

func TestPacked(t *testing.T) {
	if err := validate.Image(functionImage(t, "a", nil).image); err != nil {
		t.Error(err)
	}
}

// TestChangedWhileRead has files that are not as long as was said.
func TestChangedWhileRead(t *testing.T) {
	file := filepath.Join(write(t, map[string]string{"x.log": "four"}), "x.log")
	for size, want := range map[int64]string{3: "changed while it was read", 4: "", 5: "changed while it was read"} {
		w := tar.NewWriter(io.Discard)
		if err := w.WriteHeader(&tar.Header{Name: "x", Size: size}); err != nil {
			t.Fatal(err)
		}
		if err := pour(w, file, size); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v, want %q", size, err, want)
		}
	}
}

// TestStopped ends while a file is read that would take long.
func TestStopped(t *testing.T) {
	dir, watchdog := write(t, map[string]string{"Dockerfile": "", "run": "1", "big": ""}), program(t, "watchdog")
	if err := os.Truncate(filepath.Join(dir, "big"), 1<<40); err != nil {
		t.Fatal(err)
	}
	small, to := functionImage(t, "a", nil), t.TempDir()
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	for name, do := range map[string]func(context.Context) error{
		"new": func(ctx context.Context) error {
			_, err := New(ctx, Options{Watchdog: watchdog, ProgramPath: WorkDir + "/run", Dir: dir})
			return err
		},
		"Docker": func(ctx context.Context) error {
			_, err := contextFile(ctx, DockerOptions{Dir: dir})
			return err
		},
		"tar": func(ctx context.Context) error {
			<-ctx.Done()
			return small.WriteTar(ctx, "x/a", filepath.Join(to, "a.tar"))
		},
		"layout": func(ctx context.Context) error {
			<-ctx.Done()
			return small.WriteLayout(ctx, "x/a", filepath.Join(to, "a.oci"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := do(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			for _, dir := range []string{temporary, to} {
				if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
					t.Errorf("it left %v, %v", left, err)
				}
			}
		})
	}
}
