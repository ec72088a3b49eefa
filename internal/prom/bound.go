package prom

import (
	"fmt"
	"io"
	"net/http"

	"github.com/prometheus/client_golang/api"
)

// maxAnswer bounds an answer in bytes, which is read whole. The arrivals of the last five minutes of 5,000 functions have 10 MB.
const maxAnswer = 64 << 20

// bounded is client, or a new one, with answers that end at maxAnswer.
func bounded(client *http.Client) *http.Client {
	var b http.Client
	if client != nil {
		b = *client
	}
	if b.Transport == nil {
		b.Transport = api.DefaultRoundTripper
	}
	b.Transport = transport{b.Transport}
	return &b
}

type transport struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = &body{res.Body, maxAnswer}
	return res, nil
}

type body struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("its answer has more than %d MiB", maxAnswer>>20)
	}
	return n, err
}
