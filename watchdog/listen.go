package watchdog

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// firstInherited is where systemd's convention for socket activation begins.
const firstInherited = 3

// InheritedListeners takes over the sockets that whoever started this process
// opened for it: LISTEN_FDS tells how many there are from descriptor 3 on, and
// LISTEN_FDNAMES, with colons between, which is "http" and which "metrics".
// LISTEN_PID does not matter. What was not passed is nil.
func InheritedListeners(lookup func(string) (string, bool)) (http, metrics net.Listener, err error) {
	text, _ := lookup("LISTEN_FDS")
	if text == "" {
		return nil, nil, nil
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 0 || count > 16 {
		return nil, nil, fmt.Errorf("LISTEN_FDS: %q is not a small number", text)
	}
	names, _ := lookup("LISTEN_FDNAMES")
	for i, name := range strings.Split(names, ":") {
		if i == count {
			break
		}
		var to *net.Listener
		switch name {
		case "http":
			to = &http
		case "metrics":
			to = &metrics
		default:
			continue
		}
		if *to, err = inherit(uintptr(firstInherited+i), name); err != nil {
			return nil, nil, err
		}
	}
	if http == nil {
		return nil, nil, fmt.Errorf("LISTEN_FDNAMES: %q names no socket %q among %d", names, "http", count)
	}
	return http, metrics, nil
}

func inherit(fd uintptr, name string) (net.Listener, error) {
	syscall.CloseOnExec(int(fd)) // the function is not to hold it
	f := os.NewFile(fd, name)
	defer f.Close() //nolint:errcheck // the listener has a duplicate
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("inherit socket %s from descriptor %d: %w", name, fd, err)
	}
	return l, nil
}

// functionEnviron leaves out of environ what was meant for the watchdog's own sockets.
func functionEnviron(environ []string) []string {
	kept := make([]string, 0, len(environ))
	for _, kv := range environ {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID":
		default:
			kept = append(kept, kv)
		}
	}
	return kept
}
