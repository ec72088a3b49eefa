package http1

import (
	"bytes"
	"context"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
)

// WholeBody is a request's body of which nothing is still to come.
type WholeBody struct{ *bytes.Reader }

// Close implements io.Closer.
func (WholeBody) Close() error { return nil }

// HasBody reports whether the whole body has come with the head.
func (x *Exchange) HasBody() bool { return x.upload.left == 0 }

// Request returns the request as net/http has it, for a session that answers itself; its body is a WholeBody or none, and it
// is good until Serve returns. HasBody must be true. client is the client's address.
func (x *Exchange) Request(ctx context.Context, client string) (*http.Request, error) {
	u, err := url.ParseRequestURI(string(x.request.target))
	if err != nil {
		return nil, err
	}
	h := make(http.Header, len(x.request.fields)+1)
	for _, f := range x.request.fields {
		name := textproto.CanonicalMIMEHeaderKey(string(f.Name))
		h[name] = append(h[name], string(f.Value))
	}
	r := &http.Request{
		Method: string(x.request.method), URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Body: http.NoBody,
		ContentLength: x.request.length, Host: string(x.request.host), RemoteAddr: client, RequestURI: string(x.request.target),
		Close: x.request.close,
	}
	if x.request.sized {
		h["Content-Length"] = []string{strconv.FormatInt(x.request.length, 10)}
	}
	if len(x.body) > 0 {
		r.Body = WholeBody{bytes.NewReader(x.body)}
	}
	return r.WithContext(ctx), nil
}
