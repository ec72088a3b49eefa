package usage

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// A tree is a process and all below it. Each one's times include those of its
// ended children once it has waited for them, and so down the tree.
type tree struct {
	proc     string // where the kernel's files are
	root     int
	watchdog int
	listed   bool // the kernel lists the children of a process

	mu sync.Mutex
	// The sum of the last sample, and what was in earlier sums and has left
	// the tree since: an orphan goes to another parent, with all its time.
	last, left uint64
}

func newTree(proc string, root, watchdog int) *tree {
	t := &tree{proc: proc, root: root, watchdog: watchdog}
	id := strconv.Itoa(root)
	_, err := os.Stat(filepath.Join(proc, id, "task", id, "children"))
	t.listed = err == nil
	return t
}

// sample never counts less than the one before. A process that ends just while
// the tree is read may be missed, since it was still running when its parent
// was read and gone when it was its turn; so a sum that is less is tried again.
func (t *tree) sample() (sample, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var sum uint64
	var memory int64
	for range 3 {
		var err error
		if sum, memory, err = t.walk(); err != nil {
			return sample{}, err
		}
		if sum >= t.last {
			break
		}
	}
	if sum < t.last {
		t.left += t.last - sum
	}
	t.last = sum
	return sample{cpu: float64(t.left+sum) / ticks, memory: float64(memory)}, nil
}

// walk sums up the tree from the top: whoever ends meanwhile is not counted
// twice. Of the memory that may be shared, mostly that of the program itself,
// each program is counted once.
func (t *tree) walk() (cpu uint64, memory int64, err error) {
	children, err := t.children()
	if err != nil {
		return 0, 0, err
	}
	shared := make(map[string]int64)
	var program string // of the watchdog
	todo := []int{t.root}
	for len(todo) > 0 {
		pid := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		p, err := readProcess(filepath.Join(t.proc, strconv.Itoa(pid)))
		if err != nil {
			if pid == t.root {
				return 0, 0, err
			}
			continue // it has just ended
		}
		cpu += p.cpu
		todo = append(todo, children(pid)...)
		if pid == t.watchdog {
			program = p.program
		}
		if p.parent == t.watchdog && p.program == program {
			continue // between fork and exec its memory is the watchdog's own
		}
		memory += p.own
		shared[p.program] = max(shared[p.program], p.shared)
	}
	for _, n := range shared {
		memory += n
	}
	return cpu, memory, nil
}

// children returns what tells the children of a process. Where the kernel does
// not list them every process of the machine is asked for its parent, once.
func (t *tree) children() (func(pid int) []int, error) {
	if t.listed {
		return t.list, nil
	}
	below := make(map[int][]int)
	entries, err := os.ReadDir(t.proc)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, err := readProcess(filepath.Join(t.proc, e.Name())); err == nil {
			below[p.parent] = append(below[p.parent], pid)
		}
	}
	return func(pid int) []int { return below[pid] }, nil
}

// list returns the children of all threads of a process.
func (t *tree) list(pid int) []int {
	tasks := filepath.Join(t.proc, strconv.Itoa(pid), "task")
	threads, _ := os.ReadDir(tasks) // it may have just ended
	var ids []int
	for _, thread := range threads {
		text, _ := os.ReadFile(filepath.Join(tasks, thread.Name(), "children")) // so may have the thread
		for word := range strings.FieldsSeq(string(text)) {
			if id, err := strconv.Atoi(word); err == nil {
				ids = append(ids, id)
			}
		}
	}
	return ids
}
