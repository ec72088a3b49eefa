package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
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
		h := e.header
		h.Name, h.Size, h.ModTime, h.Format = name, int64(len(e.text)), l.created, tar.FormatPAX
		if e.from != "" {
			info, err := os.Stat(e.from)
			if err != nil {
				return fmt.Errorf("put a file into the image: %w", err)
			}
			h.Size = info.Size()
		}
		if err := w.WriteHeader(&h); err != nil {
			return fmt.Errorf("put %s into the image: %w", name, err)
		}
		var err error
		if e.from != "" {
			err = pour(w, e.from, h.Size)
		} else {
			_, err = io.WriteString(w, e.text)
		}
		if err != nil {
			return fmt.Errorf("put %s into the image: %w", name, err)
		}
	}
	return w.Close()
}

// pour writes a file into an archive, whose header has its size.
func pour(w *tar.Writer, from string, size int64) error {
	n, err := copyFile(w, from)
	if errors.Is(err, tar.ErrWriteTooLong) || err == nil && n != size {
		return fmt.Errorf("%s changed while it was read: try again, or exclude it in .dockerignore", from)
	}
	return err
}

// copyFile writes a file, and returns its size.
func copyFile(to io.Writer, from string) (int64, error) {
	file, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }() // only read
	return io.Copy(to, file)
}
