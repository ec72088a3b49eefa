// Package procstat reads from Linux's /proc what a process uses, for the benchmarks.
package procstat

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Use is what a process has used so far.
type Use struct {
	// Own is its processor time, Children that of those of its children that have ended and were waited for. Both are exact to 10 ms.
	Own, Children time.Duration
	// Resident is its memory now, in bytes.
	Resident int64
}

// tick is the unit of processor times in /proc.
const tick = 10 * time.Millisecond

// Of reads the use of the process with that ID.
func Of(pid int) (Use, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Use{}, err
	}
	// The name of the program, in parentheses, may hold anything. What follows is counted from there.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 22 {
		return Use{}, fmt.Errorf("unknown format of /proc/PID/stat: %q", text)
	}
	var n [22]int64
	var errs []error
	for _, i := range []int{11, 12, 13, 14, 21} {
		n[i], err = strconv.ParseInt(fields[i], 10, 64)
		errs = append(errs, err)
	}
	return Use{
		Own: time.Duration(n[11]+n[12]) * tick, Children: time.Duration(n[13]+n[14]) * tick,
		Resident: n[21] * int64(os.Getpagesize()),
	}, errors.Join(errs...)
}
