package usage

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A cgroup is the directory of a control group, version 2.
type cgroup struct{ dir string }

// ownCgroup returns the group in mount when the process whose groups the file
// lists is at the root of what it sees, and that is not the machine's root: only
// groups below it have a file for the memory in use. Else it returns nil.
func ownCgroup(file, mount string) *cgroup {
	text, err := os.ReadFile(file)
	if err != nil || !slices.Contains(strings.Split(string(text), "\n"), "0::/") {
		return nil
	}
	c := &cgroup{dir: mount}
	if _, err := c.sample(); err != nil {
		return nil
	}
	return c
}

// sample counts as memory what cannot be had back at once, as Docker and the
// kubelet do: a function that reads files does not grow by them.
func (c *cgroup) sample() (sample, error) {
	usec, err := c.field("cpu.stat", "usage_usec")
	if err != nil {
		return sample{}, err
	}
	text, err := os.ReadFile(filepath.Join(c.dir, "memory.current"))
	if err != nil {
		return sample{}, err
	}
	current, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil {
		return sample{}, fmt.Errorf("read memory.current: %w", err)
	}
	inactive, err := c.field("memory.stat", "inactive_file")
	if err != nil {
		return sample{}, err
	}
	return sample{cpu: float64(usec) / 1e6, memory: float64(max(0, current-inactive))}, nil
}

// field reads one line, a key and its number, of a file of the group.
func (c *cgroup) field(file, key string) (int64, error) {
	f, err := os.Open(filepath.Join(c.dir, file))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), key+" "); ok {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("read %s of %s: %w", key, file, err)
			}
			return n, nil
		}
	}
	return 0, errors.Join(fmt.Errorf("%s has no %s", file, key), lines.Err())
}
