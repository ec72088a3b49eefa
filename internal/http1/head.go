package http1

import (
	"bytes"
	"errors"
	"math"
)

// errUnusual says that a request is for net/http.
var errUnusual = errors.New("not an ordinary request")

// A Field is one line of a header. Both parts lie in the buffer of the connection and are valid as long as the exchange.
type Field struct{ Name, Value []byte }

// Is reports whether the field's name is that, which is in lower case.
func (f Field) Is(name string) bool { return foldEqual(f.Name, name) }

// foldEqual reports whether name is lower but for the case of its letters.
func foldEqual(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i := range len(lower) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// requestHead is the head of an ordinary request: HTTP/1.1, an absolute path, one Host, a body of known length or none.
type requestHead struct {
	method, target []byte
	host           []byte
	fields         []Field // but for Host, Connection and Content-Length
	length         int64   // of the body
	sized          bool    // its length was said
	close          bool    // the client asks for the connection's end
}

// parse reads a head at the beginning of buf and returns its length, 0 where more is needed.
func (h *requestHead) parse(buf []byte) (int, error) {
	n := bytes.Index(buf, []byte("\r\n\r\n"))
	if n < 0 {
		return 0, nil
	}
	line, rest := cutLine(buf[:n+2])
	if err := h.parseLine(line); err != nil {
		return 0, err
	}
	h.fields, h.host, h.length, h.close = h.fields[:0], nil, -1, false
	for len(rest) > 0 {
		line, rest = cutLine(rest)
		f, ok := parseField(line)
		if !ok {
			return 0, errUnusual
		}
		own, err := h.meaning(f)
		if err != nil {
			return 0, err
		}
		if !own {
			h.fields = append(h.fields, f)
		}
	}
	if h.host == nil {
		return 0, errUnusual
	}
	h.sized = h.length >= 0
	h.length = max(h.length, 0)
	return n + 4, nil
}

// cutLine returns the first line of buf, which ends with one, and what follows.
func cutLine(buf []byte) (line, rest []byte) {
	n := bytes.IndexByte(buf, '\n')
	if n < 1 || buf[n-1] != '\r' {
		return buf[:n], buf[n+1:] // no field allows what is left in it
	}
	return buf[:n-1], buf[n+1:]
}

func (h *requestHead) parseLine(line []byte) error {
	i := bytes.IndexByte(line, ' ')
	j := bytes.LastIndexByte(line, ' ')
	if i < 1 || j <= i || string(line[j+1:]) != "HTTP/1.1" {
		return errUnusual
	}
	h.method, h.target = line[:i], line[i+1:j]
	for _, c := range h.method {
		if c < 'A' || c > 'Z' {
			return errUnusual
		}
	}
	if string(h.method) == "CONNECT" || string(h.method) == "TRACE" || !plainTarget(h.target) {
		return errUnusual
	}
	return nil
}

// plainTarget reports whether a target is an absolute path and a query as RFC 3986 has them, so that it is passed on as it
// stands.
func plainTarget(target []byte) bool {
	if len(target) == 0 || target[0] != '/' || len(target) > 1 && target[1] == '/' {
		return false
	}
	query := false
	for i, c := range target {
		switch {
		case c == '%' && !query:
			if i+2 >= len(target) || !isHex(target[i+1]) || !isHex(target[i+2]) {
				return false
			}
		case c == '?':
			query = true
		case query && c > ' ' && c < 0x7f && c != '#', pathBytes[c]:
		default:
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// meaning takes in what a field says about the exchange itself. own says that the field is not passed on as it is.
func (h *requestHead) meaning(f Field) (own bool, err error) {
	switch len(f.Name) {
	case len("te"):
		return false, unusualIf(f.Is("te"))
	case len("host"):
		if !f.Is("host") {
			return false, nil
		}
		if h.host != nil || !plainHost(f.Value) {
			return false, errUnusual
		}
		h.host = f.Value
		return true, nil
	case len("expect"):
		return false, unusualIf(f.Is("expect"))
	case len("upgrade"):
		return false, unusualIf(f.Is("upgrade") || f.Is("trailer"))
	case len("connection"):
		switch {
		case f.Is("keep-alive"):
			return false, errUnusual
		case !f.Is("connection"):
			return false, nil
		case foldEqual(f.Value, "keep-alive"):
		case foldEqual(f.Value, "close"):
			h.close = true
		default:
			return false, errUnusual
		}
		return true, nil
	case len("content-length"):
		if !f.Is("content-length") {
			return false, nil
		}
		n, ok := parseLength(f.Value)
		if !ok || h.length >= 0 {
			return false, errUnusual
		}
		h.length = n
		return true, nil
	case len("transfer-encoding"):
		return false, unusualIf(f.Is("transfer-encoding"))
	}
	return false, unusualIf(len(f.Name) > len("proxy-") && foldEqual(f.Name[:len("proxy-")], "proxy-"))
}

func unusualIf(bad bool) error {
	if bad {
		return errUnusual
	}
	return nil
}

// plainHost reports whether a Host is letters, digits and what stands between them in names, addresses and ports.
func plainHost(host []byte) bool {
	for _, c := range host {
		if !hostBytes[c] {
			return false
		}
	}
	return len(host) > 0
}

// parseLength reads a Content-Length: digits and nothing else.
func parseLength(value []byte) (int64, bool) {
	var n int64
	for _, c := range value {
		if c < '0' || c > '9' || n > (math.MaxInt64-9)/10 {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, len(value) > 0
}

// parseField reads one line of a header without its end: a token, a colon at once after it, and a value without control
// characters, around which white space does not count (RFC 9112, section 5).
func parseField(line []byte) (Field, bool) {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 {
		return Field{}, false
	}
	f := Field{line[:colon], trim(line[colon+1:])}
	for _, c := range f.Name {
		if !tokenBytes[c] {
			return Field{}, false
		}
	}
	for _, c := range f.Value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return Field{}, false
		}
	}
	return f, true
}

func trim(value []byte) []byte {
	for len(value) > 0 && (value[0] == ' ' || value[0] == '\t') {
		value = value[1:]
	}
	for n := len(value); n > 0 && (value[n-1] == ' ' || value[n-1] == '\t'); n = len(value) {
		value = value[:n-1]
	}
	return value
}

// Tables of bytes that may stand in the parts of a head.
var (
	tokenBytes = table("!#$%&'*+-.^_`|~")
	hostBytes  = table(".-_:[]")
	pathBytes  = table("-._~!$&'()*+,;=:@/[]")
)

func table(others string) (t [256]bool) {
	for c := range 256 {
		t[c] = '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	for i := range len(others) {
		t[others[i]] = true
	}
	return t
}
