package usage

import (
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// New makes the collector of this process and its function, or returns nil
// where the system cannot say. A watchdog that is alone has its container, if
// it is in one, for itself.
func New(alone bool) prometheus.Collector {
	if alone {
		if c := ownCgroup("/proc/self/cgroup", "/sys/fs/cgroup"); c != nil {
			return newCollector(c)
		}
	}
	// By the names that /proc has for them: it may be that of another namespace.
	link, err := os.Readlink("/proc/self")
	if err != nil {
		return nil
	}
	self, err := strconv.Atoi(link)
	if err != nil {
		return nil
	}
	root := self
	if sameProgram("/proc/1/exe", "/proc/self/exe") {
		root = 1 // it waits for the orphans of the function
	}
	return newCollector(newTree("/proc", root, self))
}

func sameProgram(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
