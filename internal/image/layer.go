package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layer gathers what goes into a layer. Everything in it belongs to root and has one time.
type layer struct {
	created time.Time
	entries map[string]entry // by path, without the slash in front
}

type entry struct {
	header tar.Header
	from   string // the file that it is read from; empty: content
	text   string
}

func newLayer(created time.Time) *layer { return &layer{created: created, entries: map[string]entry{}} }

func (l *layer) dir(name string, mode int64) {
	l.parents(name)
	l.entries[name[1:]+"/"] = entry{header: tar.Header{Typeflag: tar.TypeDir, Mode: mode}}
}

func (l *layer) file(name, from string, mode int64) {
	l.parents(name)
	l.entries[name[1:]] = entry{header: tar.Header{Typeflag: tar.TypeReg, Mode: mode}, from: from}
}

func (l *layer) text(name, text string) {
	l.parents(name)
	l.entries[name[1:]] = entry{header: tar.Header{Typeflag: tar.TypeReg, Mode: 0o644}, text: text}
}

// parents makes the directories above name, each once.
func (l *layer) parents(name string) {
	for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
		if _, ok := l.entries[dir[1:]+"/"]; !ok {
			l.entries[dir[1:]+"/"] = entry{header: tar.Header{Typeflag: tar.TypeDir, Mode: 0o755}}
		}
	}
}

// tree puts what counts of a folder under name.
func (l *layer) tree(name string, f folder) error {
	return f.walk(func(rel, from string, info fs.FileInfo) error {
		at := path.Join(name, rel)
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(from)
			if err != nil {
				return err
			}
			l.parents(at)
			l.entries[at[1:]] = entry{header: tar.Header{Typeflag: tar.TypeSymlink, Linkname: target, Mode: 0o777}}
		case info.IsDir():
			l.dir(at, 0o755)
		default:
			l.file(at, from, plainMode(info))
		}
		return nil
	})
}

// has reports whether the layer has the folder's file, whose name may go through links of the folder's own.
func (l *layer) has(name, dir, file string) bool {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	file, err = filepath.EvalSymlinks(file)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(root, file)
	if err != nil {
		return false
	}
	_, ok := l.entries[path.Join(name, filepath.ToSlash(rel))[1:]]
	return ok
}

// plainMode forgets what differs from one clone to another, as git does.
func plainMode(info fs.FileInfo) int64 {
	if info.Mode().Perm()&0o111 != 0 {
		return 0o755
	}
	return 0o644
}

// make writes the layer.
func (l *layer) make() (v1.Layer, error) {
	var archive bytes.Buffer
	if err := l.write(&archive); err != nil {
		return nil, err
	}
	made, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
	if err != nil {
		return nil, fmt.Errorf("make a layer: %w", err)
	}
	return made, nil
}

// write writes the entries in the order of their names, which puts directories before what is in them.
func (l *layer) write(to io.Writer) error {
	names := make([]string, 0, len(l.entries))
	for name := range l.entries {
		names = append(names, name)
	}
	slices.Sort(names)
	w := tar.NewWriter(to)
	for _, name := range names {
		e := l.entries[name]
		content := []byte(e.text)
		if e.from != "" {
			var err error
			if content, err = read(e.from); err != nil {
				return err
			}
		}
		h := e.header
		h.Name, h.Size, h.ModTime, h.Format = name, int64(len(content)), l.created, tar.FormatPAX
		if err := w.WriteHeader(&h); err != nil {
			return fmt.Errorf("put %s into the image: %w", name, err)
		}
		if _, err := w.Write(content); err != nil {
			return fmt.Errorf("put %s into the image: %w", name, err)
		}
	}
	return w.Close()
}
