package watchdog

import (
	"bytes"
	"io"
)

// The first piece and the largest; between them each is as long as all before.
const (
	firstPiece = 4 << 10
	maxPiece   = 1 << 20
)

// pieces hold bytes where they came to lie. What is held whole so costs no more
// memory than it is long, while a slice that grows needs several times as much.
type pieces struct {
	parts [][]byte
	size  size
}

// room is where the next bytes go, of which add tells the number.
func (p *pieces) room() []byte {
	last := len(p.parts) - 1
	if last < 0 || len(p.parts[last]) == cap(p.parts[last]) {
		next := min(max(p.size, firstPiece), maxPiece)
		p.parts = append(p.parts, make([]byte, 0, next))
		last++
	}
	part := p.parts[last]
	return part[len(part):cap(part)]
}

func (p *pieces) add(n int) {
	last := &p.parts[len(p.parts)-1]
	*last = (*last)[:len(*last)+n]
	p.size += size(n)
}

// readAll reads r to its end, unless there is more than most; 0 is no bound.
func (p *pieces) readAll(r io.Reader, most size) error {
	for most == 0 || p.size <= most {
		n, err := r.Read(p.room())
		p.add(n)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Read takes bytes away from the front, and lets their memory go.
func (p *pieces) Read(to []byte) (int, error) {
	if p.size == 0 {
		return 0, io.EOF
	}
	n := copy(to, p.parts[0])
	p.size -= size(n)
	if p.parts[0] = p.parts[0][n:]; len(p.parts[0]) == 0 {
		p.parts[0] = nil
		p.parts = p.parts[1:]
	}
	return n, nil
}

// joined is all in one slice.
func (p *pieces) joined() []byte {
	if len(p.parts) == 1 {
		return p.parts[0]
	}
	return bytes.Join(p.parts, nil)
}
