package docs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Checkout makes a copy of the repository at root in dir, as a clone of it would be with what is not committed yet, and
// puts the programs there that take minutes to build. What a reader has on a first day but for the wait.
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
	for _, name := range []string{"prometheus", "promtool", "alertmanager", "amtool", "hey"} {
		if err := copyFile(root, dir, filepath.Join("bin", name)); err != nil {
			return fmt.Errorf("%w: `make binaries` makes it", err)
		}
	}
	return nil
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
