package local

import (
	"os"
	"runtime"
)

// spawner starts processes from one thread.
//
// Watchdogs are started with a parent-death signal (Pdeathsig), so that none is left when this process
// is killed and can do nothing any more. The kernel sends that signal when the thread that forked the
// child ends, not the process. Go's threads come and go as the runtime likes; one that a goroutine is
// locked to lives as long as that goroutine. So every start is made by one goroutine, locked to its
// thread, that ends only after the last replica.
type spawner struct {
	requests chan spawnRequest
}

type spawnRequest struct {
	path  string
	argv  []string
	attr  *os.ProcAttr
	reply chan spawnReply
}

type spawnReply struct {
	proc *os.Process
	err  error
}

func newSpawner() *spawner { return &spawner{requests: make(chan spawnRequest)} }

// run serves start until stop is closed, which must be after the last process ended.
func (s *spawner) run(stop <-chan struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case <-stop:
			return
		case r := <-s.requests:
			proc, err := os.StartProcess(r.path, r.argv, r.attr)
			r.reply <- spawnReply{proc, err}
		}
	}
}

func (s *spawner) start(path string, argv []string, attr *os.ProcAttr) (*os.Process, error) {
	r := spawnRequest{path, argv, attr, make(chan spawnReply, 1)}
	s.requests <- r
	got := <-r.reply
	return got.proc, got.err
}
