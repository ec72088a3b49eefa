package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// State names the present state of the files in a function's folder that count, which those that .dockerignore excludes do
// not, and the paths skip: another one is another state.
func State(dir string, skip ...string) (string, error) {
	sum := sha256.New()
	err := folder{dir: dir, skip: skip, recipe: true}.walk(func(rel, from string, info fs.FileInfo) error {
		mode, size := plainMode(info), info.Size()
		if info.IsDir() {
			mode, size = 0, 0
		}
		_, _ = fmt.Fprintf(sum, "%q %s %d %d\n", rel, info.Mode().Type(), mode, size) // a hash takes all
		switch {
		case info.IsDir():
			return nil
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(from)
			_, _ = io.WriteString(sum, target)
			return err
		}
		_, err := copyFile(sum, from)
		return err
	})
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// FileState is State of a single file. One that cannot be read has a state too.
func FileState(file string) string {
	content, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])[:16]
}
