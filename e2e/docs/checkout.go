package docs

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Checkout makes a copy of the repository at root in dir, as a clone of it would be with what is not committed yet, and the
// programs of bin/ with it. It is what a reader has on a first day, but for the wait.
func Checkout(ctx context.Context, root, dir string) error {
	cmd := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	list, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("list the files of %s: %w", root, err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		if err := copyFile(root, dir, name); err != nil && !os.IsNotExist(err) { // one that was removed and is listed still
			return err
		}
	}
	programs, err := os.ReadDir(filepath.Join(root, "bin"))
	if err != nil {
		return fmt.Errorf("%w: `make build binaries` makes it", err)
	}
	for _, p := range programs {
		if err := copyFile(root, dir, filepath.Join("bin", p.Name())); err != nil {
			return err
		}
	}
	return nil
}

// MadeAs is a variable of the environment by which `make build` finds the programs of bin up to date: a copy without a
// history does not know which version it is.
func MadeAs(ctx context.Context, bin string) (string, error) {
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "faas"), "version", "-o", "json").Output()
	if err != nil {
		return "", fmt.Errorf("ask for the version: %w", err)
	}
	var is struct{ Version, Commit string }
	if err := json.Unmarshal(out, &is); err != nil {
		return "", fmt.Errorf("read the version %s: %w", out, err)
	}
	return "MAKEFLAGS=-- VERSION=" + is.Version + " COMMIT=" + is.Commit, nil
}

// copyFile copies a file, or a link as a link, and keeps its mode.
func copyFile(root, dir, name string) error {
	from, to := filepath.Join(root, name), filepath.Join(dir, name)
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	if info.Mode()&os.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}
