package image

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// packed is a layer in a compressed file.
type packed struct {
	file           string
	digest, diffID v1.Hash
	size           int64
}

// pack writes the layer to a file, until ctx ends.
func (l *layer) pack(ctx context.Context, at string) (p *packed, err error) {
	file, err := os.OpenFile(at, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make a layer: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	digest, diffID := sha256.New(), sha256.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(file, digest), 128<<10)
	zipped, err := gzip.NewWriterLevel(buffered, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("make a layer: %w", err)
	}
	if err := l.write(until(ctx, io.MultiWriter(zipped, diffID))); err != nil {
		return nil, err
	}
	if err := errors.Join(zipped.Close(), buffered.Flush()); err != nil {
		return nil, fmt.Errorf("make a layer: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("make a layer: %w", err)
	}
	return &packed{file: at, digest: sum(digest), diffID: sum(diffID), size: info.Size()}, nil
}

func sum(h hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}
}

// The methods of v1.Layer.

func (p *packed) Digest() (v1.Hash, error)            { return p.digest, nil }
func (p *packed) DiffID() (v1.Hash, error)            { return p.diffID, nil }
func (p *packed) Size() (int64, error)                { return p.size, nil }
func (p *packed) MediaType() (types.MediaType, error) { return types.OCILayer, nil }
func (p *packed) Compressed() (io.ReadCloser, error)  { return os.Open(p.file) }
func (p *packed) Uncompressed() (io.ReadCloser, error) {
	file, err := os.Open(p.file)
	if err != nil {
		return nil, err
	}
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{unzipped, file}, nil
}
