package watchdog

import (
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// Every request may end in its own way, and none may leave anything behind.
func TestSoak(t *testing.T) {
	const requests, clients = 1000, 8
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/file", []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	process := "fprocess=sh -c 'read -r x; echo \"$x\"; case $x in *fail) exit 3 ;; esac'"
	tests := []struct {
		name, path string
		vars       []string
	}{
		{"streaming", "/", []string{"mode=streaming", process}},
		{"streaming with a pool", "/", []string{"mode=streaming", process, "cgi_headers=false", "pool_size=4"}},
		{"serializing", "/", []string{"mode=serializing", process}},
		{"http", "/echo/", []string{"mode=http", "fprocess='" + os.Args[0] + "'", "upstream_url=http://127.0.0.1:0"}},
		{"static", "/file", []string{"mode=static", "static_path=" + dir}},
	}
	t.Setenv(serveVariable, "1")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t, tt.vars...)
			w.soak(t, tt.path, clients, 10*clients)
			before := w.resources(t)
			w.soak(t, tt.path, clients, requests)
			var after resources
			eventually(t, "as before", func() bool {
				after = w.resources(t)
				// A pool may be one process short of full.
				return after.goroutines <= before.goroutines+2 && after.files <= before.files+3
			})
			if grown := int64(after.heap) - int64(before.heap); grown > 1<<20 { //nolint:gosec // G115: heaps are small
				t.Errorf("after %d requests the heap has %d KiB more", requests, grown>>10)
			}
			t.Logf("before %+v, after %+v", before, after)
		})
	}
}

// soak makes requests in three ways: good, of a function that fails, and of a
// client that leaves without reading its answer.
func (r *running) soak(t *testing.T, path string, clients, requests int) {
	t.Helper()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for i := range requests / clients {
				body := "hello"
				if i%3 == 1 {
					body = "fail"
				}
				res, err := r.client.Do(r.request(t, http.MethodPost, path, strings.NewReader(body)))
				if err != nil {
					continue // a cut answer
				}
				if i%3 != 2 {
					_, _ = io.Copy(io.Discard, res.Body) // it may break off
				}
				res.Body.Close()
			}
		})
	}
	all.Wait()
	r.client.CloseIdleConnections()
	eventually(t, "nothing in flight", func() bool { return r.inflight.count() == 0 && r.conns.Load() == 0 })
}

type resources struct {
	goroutines, files int
	heap              uint64
}

// resources are those of this whole process: no other test runs beside.
func (r *running) resources(t *testing.T) resources {
	t.Helper()
	var m runtime.MemStats
	r.stderr.reset()
	runtime.GC()
	runtime.GC() // what pools keep goes at the second
	runtime.ReadMemStats(&m)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil && runtime.GOOS == "linux" {
		t.Fatal(err)
	}
	return resources{goroutines: runtime.NumGoroutine(), files: len(files), heap: m.HeapAlloc}
}
