//go:build linux

package watchdog

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// write makes a file that static mode serves; without a text it is big.
func write(t *testing.T, d *daemon, name string, text []byte) {
	t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if text == nil {
		if err := os.Truncate(path, bigBody); err != nil {
			t.Fatal(err)
		}
	}
}

func staticServes(text string) func(*testing.T, *daemon) {
	return func(t *testing.T, d *daemon) {
		write(t, d, "file", []byte(text))
		res, body, err := d.do(t, d.request(t, http.MethodGet, "/file", nil))
		if err != nil || res.StatusCode != 200 || body != text || res.ContentLength != int64(len(text)) {
			t.Errorf("got %v %.100q %v", res, body, err)
		}
	}
}

// openBig asks for a big file and reads the first bytes of it.
func openBig(t *testing.T, d *daemon) *http.Response {
	t.Helper()
	write(t, d, "big", nil)
	res, err := d.client.Do(d.request(t, http.MethodGet, "/big", nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if _, err := io.CopyN(io.Discard, res.Body, 1000); err != nil {
		t.Fatal(err)
	}
	d.inflight(t, 1)
	return res
}

// readRest reads what openBig left.
func readRest(t *testing.T, res *http.Response) {
	t.Helper()
	if n, err := io.Copy(io.Discard, res.Body); err != nil || n != bigBody-1000 {
		t.Errorf("got %d bytes more, %v", n, err)
	}
}

func clientGoneFromFile(t *testing.T, d *daemon) {
	openBig(t, d).Body.Close()
	d.inflight(t, 0)
}

// flatFile sends a big file, and gets a big body that no file wants.
func flatFile(t *testing.T, d *daemon) {
	write(t, d, "small", []byte("small"))
	growth := d.peak(t)
	readRest(t, openBig(t, d))
	c, in := d.dial(t)
	fmt.Fprintf(c, "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", bigBody)
	go func() { _, _ = io.CopyN(c, rand.NewChaCha8([32]byte{}), bigBody) }() // it is cut short
	readAnswer(t, in, "small")
	if n := growth(); n > flat {
		t.Errorf("memory grew by %d MiB", n>>20)
	}
}

func limitsFiles(t *testing.T, d *daemon) {
	first := openBig(t, d)
	d.isFull(t, "/big")
	readRest(t, first)
	d.inflight(t, 0)
	write(t, d, "small", []byte("small"))
	d.answers(t, "/small", "", 200, "small")
}

func drainsFiles(t *testing.T, d *daemon) {
	first := openBig(t, d)
	d.signal(t, syscall.SIGTERM)
	eventually(t, "draining", func() bool { return bytes.Contains([]byte(d.stderr.String()), []byte("watchdog draining")) })
	readRest(t, first)
	d.ends(t, 0)
}

// A body that a file does not want is not asked for.
func answersWithoutContinue(t *testing.T, d *daemon) {
	write(t, d, "file", []byte("hello"))
	c, in := d.dial(t)
	fmt.Fprint(c, "POST /file HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if res := readAnswer(t, in, "hello"); !res.Close {
		t.Error("the connection stays, though its body may still come")
	}
}
