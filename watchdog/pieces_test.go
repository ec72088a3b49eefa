package watchdog

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

func TestPieces(t *testing.T) {
	t.Parallel()
	source := rand.NewChaCha8([32]byte{})
	for _, n := range []int{0, 1, firstPiece - 1, firstPiece, firstPiece + 1, 100_000, maxPiece, 3*maxPiece + 5} {
		want := make([]byte, n)
		_, _ = source.Read(want)
		for name, r := range map[string]io.Reader{
			"whole": bytes.NewReader(want), "halves": iotest.HalfReader(bytes.NewReader(want)), "end with data": iotest.DataErrReader(bytes.NewReader(want)),
		} {
			var p pieces
			if err := p.readAll(r, 0); err != nil || p.size != size(n) || !bytes.Equal(p.joined(), want) {
				t.Fatalf("%s: %d bytes of %d, %v", name, p.size, n, err)
			}
			space := 0
			for _, part := range p.parts {
				space += cap(part)
			}
			if space > n+max(n, firstPiece) || space > n+maxPiece+firstPiece {
				t.Errorf("%s: %d bytes take %d", name, n, space)
			}
			if got, err := io.ReadAll(&p); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: read %d bytes of %d, %v", name, len(got), n, err)
			}
			if len(p.parts) > 1 {
				t.Errorf("%s: %d pieces are left", name, len(p.parts))
			}
		}
	}
}

func TestPiecesStopAtTheirBound(t *testing.T) {
	t.Parallel()
	var p pieces
	if err := p.readAll(rand.NewChaCha8([32]byte{}), 10); err != nil || p.size <= 10 {
		t.Errorf("got %d bytes, %v, want more than the bound", p.size, err)
	}
}
