package http1

import (
	"bytes"
	"fmt"
	"net/http"
)

// responseHead is the head of an answer.
type responseHead struct {
	status  int
	line    []byte  // the whole status line
	fields  []Field // but for those that say how the body ends, and hop-by-hop ones
	length  int64   // of the body; -1: it does not say
	chunked bool
	close   bool // the connection is not used again
	faulty  bool // what else the server sends may be meant to be misread
	hasDate bool
	listed  [][]byte // names that Connection lists
}

// parse reads a head at the beginning of buf and returns its length, 0 where more is needed. Lines may end with LF alone,
// which servers that are scripts send.
// What was looked at before is not looked at again: from is how much of buf that was.
func (h *responseHead) parse(buf []byte, from int) (int, error) {
	n := headEnd(buf, from)
	if n == 0 {
		return 0, nil
	}
	*h = responseHead{fields: h.fields[:0], listed: h.listed[:0], length: -1}
	line, rest := cutLine(buf[:n])
	if err := h.parseLine(line); err != nil {
		return 0, err
	}
	encoded := false
	for {
		if line, rest = cutLine(rest); len(line) == 0 {
			break
		}
		f, ok := parseField(line)
		if !ok {
			return 0, fmt.Errorf("malformed header line %.80q", line)
		}
		own, err := h.meaning(f, &encoded)
		if err != nil {
			return 0, err
		}
		if !own {
			h.fields = append(h.fields, f)
		}
	}
	if encoded && h.length >= 0 { // the encoding counts
		h.length, h.faulty = -1, true
	}
	h.close = h.close || h.faulty
	if len(h.listed) > 0 {
		h.dropListed()
	}
	return n, nil
}

// headEnd is the length of the head at the beginning of buf, 0 while its end is not there. It is not in the first from bytes.
func headEnd(buf []byte, from int) int {
	for from = max(0, from-3); ; {
		i := bytes.IndexByte(buf[from:], '\n')
		if i < 0 {
			return 0
		}
		from += i + 1
		switch rest := buf[from:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return from + 1
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return from + 2
		}
	}
}

func (h *responseHead) parseLine(line []byte) error {
	// HTTP/1.x NNN, and perhaps a reason after another space
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' ||
		len(line) > 12 && line[12] != ' ' || line[7] != '0' && line[7] != '1' {
		return fmt.Errorf("malformed status line %.80q", line)
	}
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return fmt.Errorf("malformed status line %.80q", line)
		}
		h.status = 10*h.status + int(c-'0')
	}
	for _, c := range line {
		if c < ' ' && c != '\t' || c == 0x7f {
			return fmt.Errorf("malformed status line %.80q", line)
		}
	}
	if h.status < 100 {
		return fmt.Errorf("malformed status line %.80q", line)
	}
	h.line = line
	h.close = line[7] == '0' // unless it says otherwise
	return nil
}

// meaning takes in what a field says about the exchange itself. own says that it is not passed on as it is.
func (h *responseHead) meaning(f Field, encoded *bool) (own bool, err error) {
	switch len(f.Name) {
	case len("te"):
		return f.Is("te"), nil
	case len("proxy-authenticate"):
		return f.Is("proxy-authenticate"), nil
	case len("proxy-authorization"):
		return f.Is("proxy-authorization"), nil
	case len("date"):
		h.hasDate = h.hasDate || f.Is("date")
	case len("upgrade"):
		return f.Is("upgrade"), nil
	case len("connection"):
		if f.Is("connection") {
			return true, h.connection(f.Value)
		}
		return f.Is("keep-alive"), nil
	case len("content-length"):
		if !f.Is("content-length") {
			return false, nil
		}
		n, ok := parseLength(f.Value)
		if !ok || h.length >= 0 && h.length != n {
			return false, fmt.Errorf("content-length %.80q", f.Value)
		}
		h.length = n
		return true, nil
	case len("proxy-connection"):
		return f.Is("proxy-connection"), nil
	case len("transfer-encoding"):
		if !f.Is("transfer-encoding") {
			return false, nil
		}
		if h.line[7] == '0' { // HTTP/1.0 does not know it (RFC 9112, section 6.1)
			h.faulty = true
			return true, nil
		}
		if *encoded || !foldEqual(f.Value, "chunked") {
			return false, fmt.Errorf("transfer-encoding %.80q", f.Value)
		}
		*encoded, h.chunked = true, true
		return true, nil
	}
	return false, nil
}

// maxListed bounds how many fields a head may say are for this hop alone: each is looked for among all.
const maxListed = 64

// connection reads one Connection field.
func (h *responseHead) connection(value []byte) error {
	for option := range bytes.SplitSeq(value, []byte(",")) {
		switch option = trim(option); {
		case len(option) == 0:
		case foldEqual(option, "close"):
			h.close = true
		case foldEqual(option, "keep-alive"):
			if h.line[7] == '0' {
				h.close = false
			}
		default:
			h.listed = append(h.listed, option)
		}
		if len(h.listed) > maxListed {
			return fmt.Errorf("connection lists more than %d fields", maxListed)
		}
	}
	return nil
}

// forget lets go of the buffer in which the head lay.
func (h *responseHead) forget() {
	const usual = 64
	if cap(h.fields) > usual || cap(h.listed) > usual {
		*h = responseHead{}
		return
	}
	clear(h.fields[:cap(h.fields)])
	clear(h.listed[:cap(h.listed)])
	h.line = nil
}

// dropListed takes away the fields that are meant for this hop alone.
func (h *responseHead) dropListed() {
	kept := h.fields[:0]
	for _, f := range h.fields {
		drop := false
		for _, name := range h.listed {
			drop = drop || bytes.EqualFold(f.Name, name)
		}
		if !drop {
			kept = append(kept, f)
		}
	}
	h.fields = kept
}

// bodyless reports whether an answer to that method has no body, whatever its fields say.
func (h *responseHead) bodyless(method []byte) bool {
	return string(method) == http.MethodHead || h.status == http.StatusNoContent || h.status == http.StatusNotModified || h.status < 200
}
