package overload

import (
	"sync/atomic"
	"time"
)

// Function is one function under watch. Make one with Watcher.Watch.
type Function struct {
	name    string
	load    func() Load
	tell    func(now time.Time, replicas int)
	watcher *Watcher
	watched atomic.Bool // it is in the watcher's hands

	wish Wish // belongs to the watcher's goroutine
}

// Held says that a request is held, whatever for. It is called after the request began to wait, costs the first one a
// short lock, and those that follow while the function is watched the load of a flag.
func (f *Function) Held() {
	if !f.watched.Load() && f.watched.CompareAndSwap(false, true) {
		f.watcher.put(f)
	}
}

// Changed says that those who are held may be so for another reason now: a replica became ready, say.
func (f *Function) Changed() {
	if f.watched.Load() {
		f.watcher.put()
	}
}

// release ends the watch, unless a request came to be held meanwhile, which has not told since there is a watch.
func (f *Function) release() bool {
	f.watched.Store(false)
	return f.load().Held == 0 || !f.watched.CompareAndSwap(false, true)
}
