package local

import (
	"bytes"
	"os"
	"strconv"
)

// proc is a process as /proc shows it.
type proc struct {
	pid, parent, group, session int
	zombie                      bool
	born                        uint64 // clock ticks since boot
}

// readProcs reads every process of the machine; those that end meanwhile are left out.
func readProcs() map[int]proc {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	names, _ := dir.Readdirnames(-1) // what could be read is read
	_ = dir.Close()                  // only read
	table := make(map[int]proc, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if p, ok := readProc(pid); ok {
				table[pid] = p
			}
		}
	}
	return table
}

func readProc(pid int) (proc, bool) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return proc{}, false
	}
	return parseStat(pid, data)
}

// parseStat reads /proc/PID/stat (proc_pid_stat(5)). The second field, the command, is in parentheses
// and may hold anything; those after the last one are numbers.
func parseStat(pid int, data []byte) (proc, bool) {
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	const state, ppid, pgrp, session, starttime = 0, 1, 2, 3, 19
	if len(fields) <= starttime {
		return proc{}, false
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(string(fields[i])) // the kernel's own
		return n
	}
	born, err := strconv.ParseUint(string(fields[starttime]), 10, 64)
	if err != nil {
		return proc{}, false
	}
	return proc{
		pid: pid, parent: number(ppid), group: number(pgrp), session: number(session),
		zombie: fields[state][0] == 'Z' || fields[state][0] == 'X', born: born,
	}, true
}

func bornAt(pid int) uint64 {
	p, _ := readProc(pid) // 0 where it cannot be read: then every process is younger
	return p.born
}

// marked says whether a process has the mark of the replica.
func marked(pid int, id string) bool {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false // of another user, or gone
	}
	mark := []byte(replicaMark + "=" + id)
	for entry := range bytes.SplitSeq(data, []byte{0}) {
		if bytes.Equal(entry, mark) {
			return true
		}
	}
	return false
}

// family is every process of the table that belongs to one of the roots: is it, descends from it, or is
// in its session or group. The result names the root for each.
func family(table map[int]proc, roots map[int]bool) map[int]int {
	of := make(map[int]int, len(roots))
	var find func(pid, depth int) int
	find = func(pid, depth int) int {
		if root, known := of[pid]; known {
			return root
		}
		p, ok := table[pid]
		root := 0
		switch {
		case roots[pid]:
			root = pid
		case !ok || depth > len(table): // parents may have changed while they were read
		case roots[p.session]:
			root = p.session
		case roots[p.group]:
			root = p.group
		default:
			root = find(p.parent, depth+1)
		}
		of[pid] = root
		return root
	}
	for pid := range table {
		find(pid, 0)
	}
	for pid, root := range of {
		if root == 0 {
			delete(of, pid)
		}
	}
	return of
}
