package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
)

// State names the present state of the files in a function's folder that count, which those that .dockerignore excludes do
// not, and the paths skip: another one is another state.
func State(dir string, skip ...string) (string, error) {
	sum := sha256.New()
	err := folder{dir: dir, skip: skip, recipe: true}.walk(func(rel, from string, info fs.FileInfo) error {
		var content []byte
		var err error
		mode := plainMode(info)
		switch {
		case info.IsDir():
			mode = 0
		case info.Mode()&fs.ModeSymlink != 0:
			var target string
			target, err = os.Readlink(from)
			content = []byte(target)
		default:
			content, err = read(from)
		}
		_, _ = fmt.Fprintf(sum, "%q %s %d %d\n", rel, info.Mode().Type(), mode, len(content)) // a hash takes all
		sum.Write(content)
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
