package watchdog

import (
	"bytes"
	"net"
	"os"
	"strings"
	"testing"
)

// TestWhatAnInvocationAllocates holds what an invocation may cost the garbage collector in the watchdog. The function is a
// process of its own; what a process for each request takes is what its start
// needs, pipes, files and environment, and more under the race detector.
func TestWhatAnInvocationAllocates(t *testing.T) {
	t.Setenv(serveVariable, "1")
	for _, tt := range []struct {
		name, path string
		vars       []string
		most       float64
	}{
		{"http", "/echo/", []string{"mode=http", "fprocess='" + os.Args[0] + "'", "upstream_url=http://127.0.0.1:0"}, 0},
		{"streaming", "/", []string{"mode=streaming", "fprocess=cat"}, 130},
		{"serializing", "/", []string{"mode=serializing", "fprocess=cat"}, 130},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t, append(tt.vars, "suppress_lock=true")...)
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			buf := make([]byte, 4<<10)
			request := []byte("POST " + tt.path + " HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
			ok := []byte("HTTP/1.1 200 OK\r\n")
			once := func() {
				if _, err := conn.Write(request); err != nil {
					t.Fatal(err)
				}
				n, err := conn.Read(buf)
				for err == nil && !whole(buf[:n]) {
					var more int
					more, err = conn.Read(buf[n:])
					n += more
				}
				if err != nil || !bytes.HasPrefix(buf[:n], ok) {
					t.Fatalf("%q, %v", buf[:n], err)
				}
			}
			for range 20 {
				once()
			}
			runs := 2000
			if tt.most > 0 {
				runs = 50
			}
			n := testing.AllocsPerRun(runs, once)
			t.Logf("%.1f allocations an invocation", n)
			if n > tt.most {
				t.Errorf("%.1f allocations an invocation, at most %.0f", n, tt.most)
			}
		})
	}
}

// whole reports whether an answer that ends with hello is all there.
func whole(answer []byte) bool {
	if bytes.Contains(answer, []byte("Transfer-Encoding: chunked")) {
		return bytes.HasSuffix(answer, []byte("hello\r\n0\r\n\r\n"))
	}
	return bytes.HasSuffix(answer, []byte("hello"))
}
