package apitest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// maxChecked bounds how much of a body is kept to be checked, in bytes. Of larger ones only the header is.
const maxChecked = 8 << 20

// Transport checks all that goes through it. It changes nothing of it, and holds up no stream: an answer is checked when
// its body was read or closed. Bodies that were not read to their end, and those of functions, are left alone.
type Transport struct {
	Spec *Spec
	// Base sends the requests.
	Base http.RoundTripper
	// Report gets what is not as described.
	Report func(error)
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	x := Exchange{Request: r}
	if r.Body != nil && r.ContentLength > 0 && r.ContentLength <= maxChecked && strings.HasPrefix(r.URL.Path, "/system/") {
		var err error
		if x.Sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		again := r.Clone(r.Context())
		again.Body = struct {
			io.Reader
			io.Closer
		}{bytes.NewReader(x.Sent), r.Body}
		r = again
	}
	res, err := t.Base.RoundTrip(r)
	if err != nil || res.StatusCode == http.StatusSwitchingProtocols {
		return res, err
	}
	x.Response = res
	res.Body = &checkedBody{ReadCloser: res.Body, keep: kept(res), check: func(got []byte) {
		x.Got = got
		if err := t.Spec.Check(x); err != nil {
			t.Report(err)
		}
	}}
	return res, nil
}

// kept tells whether the body of res is one to be checked: the platform's, and no function's.
func kept(res *http.Response) bool {
	return !strings.HasPrefix(res.Request.URL.Path, "/function/") || res.Header.Get(originHeader) == platform
}

// checkedBody keeps what is read of a body, and has it checked once.
type checkedBody struct {
	io.ReadCloser
	check func(got []byte)

	mu   sync.Mutex
	keep bool
	got  []byte
	done bool
}

// Read implements io.Reader.
func (b *checkedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keep = b.keep && len(b.got)+n <= maxChecked; b.keep {
		b.got = append(b.got, p[:n]...)
	}
	if errors.Is(err, io.EOF) {
		b.end()
	}
	return n, err
}

// Close implements io.Closer. What was not read to its end is not checked.
func (b *checkedBody) Close() error {
	b.mu.Lock()
	b.keep = false
	b.end()
	b.mu.Unlock()
	return b.ReadCloser.Close()
}

func (b *checkedBody) end() {
	switch {
	case b.done:
		return
	case !b.keep:
		b.check(nil)
	default:
		b.check(append([]byte{}, b.got...)) // not nil, which would say that nobody knows it
	}
	b.done = true
}
