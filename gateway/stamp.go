package gateway

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
)

// Headers that the gateway sets on the way to a function, back, or both.
const (
	callIDHeader   = "X-Call-Id"
	startHeader    = "X-Start-Time"
	durationHeader = "X-Duration-Seconds"
	coldHeader     = "X-Cold-Start"
)

// maxCallID bounds a call id that a client chose; a longer one is replaced, and one with a tab in it.
const maxCallID = 128

// stamp is what the headers of an invocation say of it, on the way there and back.
type stamp struct {
	callID string
	start  time.Time
}

// newStamp marks r as an invocation that arrived at start.
func newStamp(r *http.Request, start time.Time) stamp {
	s := stamp{callID: r.Header.Get(callIDHeader), start: start}
	if s.callID == "" || len(s.callID) > maxCallID || strings.IndexFunc(s.callID, unicode.IsControl) >= 0 {
		s.callID = uuid.NewString()
		r.Header.Set(callIDHeader, s.callID)
	}
	r.Header.Set(startHeader, s.started())
	return s
}

// put marks the answer whose header h is.
func (s stamp) put(h http.Header) {
	h.Set(callIDHeader, s.callID)
	h.Set(startHeader, s.started())
	h.Set(durationHeader, strconv.FormatFloat(time.Since(s.start).Seconds(), 'f', 6, 64))
}

func (s stamp) started() string { return strconv.FormatInt(s.start.UnixNano(), 10) }
