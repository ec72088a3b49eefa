package watchdog

import (
	"io"
	"net/http"
)

// A response is a ResponseWriter that knows what was sent.
type response struct {
	http.ResponseWriter
	status int   // 0 until the header is sent
	err    error // why the proxy could not answer
}

func (w *response) WriteHeader(status int) {
	if w.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	w.sent()
	return w.ResponseWriter.Write(p)
}

// ReadFrom keeps sendfile(2) for static files.
func (w *response) ReadFrom(r io.Reader) (int64, error) {
	w.sent()
	return io.Copy(w.ResponseWriter, r)
}

func (w *response) sent() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
}

// Unwrap gives http.ResponseController what lies beneath.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }
