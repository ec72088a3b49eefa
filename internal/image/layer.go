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
	"strings"
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

// tree puts the files below dir under name.
func (l *layer) tree(name, dir string) error {
	return walk(dir, func(rel string, info fs.FileInfo) error {
		at, from := path.Join(name, rel), filepath.Join(dir, filepath.FromSlash(rel))
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

// plainMode forgets what differs from one clone to another, as git does.
func plainMode(info fs.FileInfo) int64 {
	if info.Mode().Perm()&0o111 != 0 {
		return 0o755
	}
	return 0o644
}

// walk calls see for what is in a function's folder, in the order of names, but not for what only its author has there:
// what Skipped says, and images.
func walk(dir string, see func(rel string, info fs.FileInfo) error) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read the function's folder: %w", err)
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil || rel == "." {
			return err
		}
		if Skipped(rel) || output(dir, rel, d.IsDir()) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return fmt.Errorf("read the function's folder: %w", err)
		}
		if !info.IsDir() && !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
			return fmt.Errorf("%s is neither a file nor a directory: an image cannot have it", name)
		}
		return see(filepath.ToSlash(rel), info)
	})
}

// Skipped reports whether a path in a function's folder, relative to it, is no part of the function: version control, what
// faas up keeps, and what Python compiled.
func Skipped(rel string) bool {
	rel = filepath.ToSlash(rel)
	return slices.Contains([]string{".git", "__pycache__"}, path.Base(rel)) || rel == ".faas"
}

// OutputDir is where images are written, beside the stack file and so perhaps in a function's folder.
const OutputDir = "build"

// output reports whether a path in a function's folder is an image that was written there, or a directory of nothing else.
// Other things may be called build as well.
func output(dir, rel string, isDir bool) bool {
	rel = filepath.ToSlash(rel)
	if rel == OutputDir && isDir {
		entries, err := os.ReadDir(filepath.Join(dir, rel))
		return err == nil && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !output(dir, path.Join(rel, e.Name()), e.IsDir()) })
	}
	ext := path.Ext(strings.TrimSuffix(rel, ".part"))
	return path.Dir(rel) == OutputDir && (ext == ".tar" && !isDir || ext == ".oci" && isDir)
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
