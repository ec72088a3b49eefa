package watchdog

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"testing"
)

// BenchmarkInvoke is one invocation of 1 KiB each way. The fork modes spend
// nearly all of it in the kernel, starting cat.
func BenchmarkInvoke(b *testing.B) {
	dir := b.TempDir()
	body := bytes.Repeat([]byte("x"), 1<<10)
	if err := os.WriteFile(dir+"/file", body, 0o600); err != nil {
		b.Fatal(err)
	}
	benchmarks := []struct {
		name, path string
		vars       []string
	}{
		{"streaming", "/", []string{"mode=streaming", "fprocess=cat"}},
		{"streaming pool", "/", []string{"mode=streaming", "fprocess=cat", "cgi_headers=false", "pool_size=8"}},
		{"serializing", "/", []string{"mode=serializing", "fprocess=cat"}},
		{"classic", "/", []string{"fprocess=cat"}},
		{"http", "/echo/", []string{"mode=http", "fprocess='" + os.Args[0] + "'", "upstream_url=http://127.0.0.1:0"}},
		{"static", "/file", []string{"mode=static", "static_path=" + dir}},
	}
	for _, bb := range benchmarks {
		b.Run(bb.name, func(b *testing.B) {
			b.Setenv(serveVariable, "1")
			w := start(b, append(bb.vars, "suppress_lock=true")...)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				res, err := w.client.Do(w.request(b, http.MethodPost, bb.path, bytes.NewReader(body)))
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, res.Body); err != nil || n != int64(len(body)) {
					b.Fatalf("got %d bytes, %v", n, err)
				}
				_ = res.Body.Close()
			}
		})
	}
}

// BenchmarkEcho is the streaming of a big body both ways.
func BenchmarkEcho(b *testing.B) {
	const size = 10 << 20
	w := start(b, "mode=streaming", "fprocess=cat")
	body := make([]byte, size)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		res, err := w.client.Do(w.request(b, http.MethodPost, "/", bytes.NewReader(body)))
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, res.Body); err != nil || n != size {
			b.Fatalf("got %d bytes, %v", n, err)
		}
		_ = res.Body.Close()
	}
}
