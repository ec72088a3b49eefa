package usage

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// ticks are the kernel's units of time in a second, as programs see them: the
// same on every architecture that Go runs on.
const ticks = 100

// A process is what /proc says of one.
type process struct {
	program     string // its name, of which the kernel keeps 15 bytes
	parent      int
	cpu         uint64 // ticks, with those of ended children that it waited for
	own, shared int64  // bytes of memory; what is of files may be shared
}

// The fields of /proc/PID/stat behind the name, counted from 0.
const (
	fieldParent = 1
	fieldUser   = 11 // then system, and the same of the children
	fieldCount  = 15
)

var errFormat = errors.New("not the kernel's format")

// readProcess reads the directory of a process in /proc.
func readProcess(dir string) (process, error) {
	text, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return process{}, err
	}
	p, err := parseStat(text)
	if err != nil {
		return process{}, fmt.Errorf("read %s/stat: %w", dir, err)
	}
	if text, err = os.ReadFile(filepath.Join(dir, "statm")); err != nil {
		return process{}, err
	}
	if p.own, p.shared, err = parseStatm(text); err != nil {
		return process{}, fmt.Errorf("read %s/statm: %w", dir, err)
	}
	return p, nil
}

// parseStat reads "pid (name) state parent …". A name may have spaces and
// parentheses.
func parseStat(text []byte) (process, error) {
	begin, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if begin < 0 || end < begin {
		return process{}, errFormat
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) < fieldCount {
		return process{}, errFormat
	}
	p := process{program: string(text[begin+1 : end])}
	var err error
	if p.parent, err = strconv.Atoi(string(fields[fieldParent])); err != nil {
		return process{}, errFormat
	}
	for _, f := range fields[fieldUser:fieldCount] {
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil || n < 0 {
			return process{}, errFormat
		}
		p.cpu += uint64(n)
	}
	return p, nil
}

// parseStatm reads "size resident shared …", in pages.
func parseStatm(text []byte) (own, shared int64, err error) {
	fields := bytes.Fields(text)
	if len(fields) < 3 {
		return 0, 0, errFormat
	}
	resident, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0, 0, errFormat
	}
	if shared, err = strconv.ParseInt(string(fields[2]), 10, 64); err != nil {
		return 0, 0, errFormat
	}
	page := int64(os.Getpagesize())
	return (resident - shared) * page, shared * page, nil
}
