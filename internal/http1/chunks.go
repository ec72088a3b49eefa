package http1

import (
	"bytes"
	"errors"
	"fmt"
)

// maxChunkLine bounds the line before a chunk, with its extensions, and each line of a trailer.
const maxChunkLine = 4 << 10

// What comes next in a chunked body, in place of a number of bytes that are left of a chunk.
const (
	chunkLine    = 0 // the size of the next chunk
	afterChunk   = -1
	trailerLines = -2
)

// nextChunk reads the line of the next chunk, or the trailer after the last. It returns false where more must be read first.
func (c *serverConn) nextChunk() (bool, error) {
	for {
		line, ok, err := c.line()
		if !ok {
			return false, err
		}
		switch c.left {
		case afterChunk:
			if len(line) > 0 {
				return false, errors.New("a chunk is longer than it says")
			}
			c.left = chunkLine
		case chunkLine:
			size, err := parseChunkSize(line)
			if err != nil {
				return false, err
			}
			if size > 0 {
				c.left = size
				return true, nil
			}
			c.left = trailerLines
		case trailerLines:
			if len(line) == 0 {
				c.framed = ended
				return true, nil
			}
			f, ok := parseField(line)
			if !ok || len(c.trailer)+len(line) > maxResponseHead {
				return false, fmt.Errorf("malformed trailer %.80q", line)
			}
			if !f.Is("content-length") && !f.Is("transfer-encoding") && !f.Is("trailer") && !f.Is("connection") {
				c.trailer = appendField(c.trailer, f)
			}
		}
	}
}

// line takes a line out of what was read, without its end. ok is false where more must be read first.
func (c *serverConn) line() (line []byte, ok bool, err error) {
	unread := (*c.buf)[c.r:c.w]
	n := bytes.IndexByte(unread, '\n')
	if n > maxChunkLine || n < 0 && len(unread) > maxChunkLine {
		return nil, false, errors.New("a line of a chunked body is too long")
	}
	if n < 0 {
		return nil, false, nil
	}
	if n == 0 || unread[n-1] != '\r' { // some read such a line as the end of a chunk and some do not
		return nil, false, errors.New("a line of a chunked body ends with LF alone")
	}
	c.r += n + 1
	return unread[:n-1], true, nil
}

// parseChunkSize reads a size in hexadecimal digits; extensions after it mean nothing to anyone.
func parseChunkSize(line []byte) (int64, error) {
	for _, c := range line {
		if c < ' ' && c != '\t' || c == 0x7f {
			return 0, fmt.Errorf("malformed chunk size %.80q", line)
		}
	}
	digits, _, _ := bytes.Cut(line, []byte(";"))
	digits = trim(digits)
	var n int64
	for _, c := range digits {
		var d byte
		switch {
		case '0' <= c && c <= '9':
			d = c - '0'
		case 'a' <= c && c <= 'f':
			d = c - 'a' + 10
		case 'A' <= c && c <= 'F':
			d = c - 'A' + 10
		default:
			return 0, fmt.Errorf("malformed chunk size %.80q", line)
		}
		n = n<<4 | int64(d)
	}
	if len(digits) == 0 || len(digits) > 15 {
		return 0, fmt.Errorf("malformed chunk size %.80q", line)
	}
	return n, nil
}

// appendField appends f as a line.
func appendField(dst []byte, f Field) []byte {
	dst = append(dst, f.Name...)
	dst = append(dst, ": "...)
	dst = append(dst, f.Value...)
	return append(dst, "\r\n"...)
}

// appendChunk appends part as a chunk.
func appendChunk(dst, part []byte) []byte {
	dst = appendHex(dst, len(part))
	dst = append(dst, "\r\n"...)
	dst = append(dst, part...)
	return append(dst, "\r\n"...)
}

func appendHex(dst []byte, n int) []byte {
	const digits = "0123456789abcdef"
	shift := 0
	for n>>shift > 15 {
		shift += 4
	}
	for ; shift >= 0; shift -= 4 {
		dst = append(dst, digits[n>>shift&15])
	}
	return dst
}
