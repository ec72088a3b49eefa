package gateway

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
	"unicode"
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
	if !usableCallID([]byte(s.callID)) {
		s.callID = string(appendCallID(nil))
		r.Header.Set(callIDHeader, s.callID)
	}
	r.Header.Set(startHeader, s.started())
	return s
}

// usableCallID reports whether a client's own call id is kept.
func usableCallID(id []byte) bool {
	return len(id) > 0 && len(id) <= maxCallID && bytes.IndexFunc(id, unicode.IsControl) < 0
}

// appendCallID appends a new call id: a random UUID (RFC 9562, version 4). It names a call and is no secret.
func appendCallID(dst []byte) []byte {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], rand.Uint64()) //nolint:gosec // G404: as said above
	binary.BigEndian.PutUint64(id[8:], rand.Uint64()) //nolint:gosec // as above
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	for i, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

// put marks the answer whose header h is.
func (s stamp) put(h http.Header) {
	h.Set(callIDHeader, s.callID)
	h.Set(startHeader, s.started())
	h.Set(durationHeader, strconv.FormatFloat(time.Since(s.start).Seconds(), 'f', 6, 64))
}

func (s stamp) started() string { return strconv.FormatInt(s.start.UnixNano(), 10) }
