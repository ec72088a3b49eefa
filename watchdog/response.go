package watchdog

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// durationHeader is how long the function took to begin its answer.
const durationHeader = "X-Duration-Seconds"

// A response is a ResponseWriter that knows what was sent.
type response struct {
	http.ResponseWriter
	start  time.Time // of the request
	status int       // 0 until the header is sent
	sent   int64     // bytes of the body
	output []byte    // of a function that failed, for its caller to see why
	err    error     // why the proxy could not answer
}

func (w *response) WriteHeader(status int) {
	if status == http.StatusContinue {
		return // the function's own: the server sends one when the body is first read
	}
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		w.begin(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	w.begin(http.StatusOK)
	n, err := w.ResponseWriter.Write(p) //nolint:gosec // G705: it is the function who answers
	w.sent += int64(n)
	return n, err
}

// ReadFrom keeps sendfile(2) for static files.
func (w *response) ReadFrom(r io.Reader) (int64, error) {
	w.begin(http.StatusOK)
	n, err := io.Copy(w.ResponseWriter, r)
	w.sent += n
	return n, err
}

// begin notes that the header is about to be sent, if it was not before.
func (w *response) begin(status int) {
	if w.status != 0 {
		return
	}
	w.status = status
	w.Header().Set(durationHeader, strconv.FormatFloat(time.Since(w.start).Seconds(), 'f', 6, 64))
}

// Unwrap gives http.ResponseController what lies beneath.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }
