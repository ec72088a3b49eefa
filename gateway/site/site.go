package site

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"faas/internal/httperr"
)

// Prefix is the path under which the portal is served.
const Prefix = "/ui/"

const (
	index  = "index.html"
	assets = "assets/"
)

// policy lets a page load what comes from here, run no script that stands in it, and be shown in no frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Site serves the portal. It is safe for concurrent use.
type Site struct {
	files map[string]*file
}

// file is one file, ready to be sent.
type file struct {
	contentType, tag, cache string
	plain, packed           []byte // packed is nil where that saves nothing
}

// New reads all of files, which must have index.html.
func New(files fs.FS) (*Site, error) {
	s := &Site{files: map[string]*file{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		s.files[name], err = newFile(name, data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the portal: %w", err)
	}
	if s.files[index] == nil {
		return nil, errors.New("read the portal: it has no " + index)
	}
	return s, nil
}

func newFile(name string, data []byte) (*file, error) {
	sum := sha256.Sum256(data)
	f := &file{plain: data, contentType: contentType(name, data), tag: hex.EncodeToString(sum[:12]), cache: "no-cache"}
	if strings.HasPrefix(name, assets) {
		f.cache = "public, max-age=31536000, immutable" // another content has another name
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if b.Len() < len(data)*9/10 {
		f.packed = b.Bytes()
	}
	return f, nil
}

// contentType goes by the name. Those of the machine's own tables may differ, so the usual ones stand here.
func contentType(name string, data []byte) string {
	ext := path.Ext(name)
	if t, ok := map[string]string{
		".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
		".svg": "image/svg+xml", ".json": "application/json", ".webmanifest": "application/manifest+json",
		".woff2": "font/woff2", ".png": "image/png", ".ico": "image/x-icon", ".map": "application/json",
		".txt": "text/plain; charset=utf-8",
	}[ext]; ok {
		return t
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return http.DetectContentType(data)
}

// ServeHTTP serves GET and HEAD below Prefix. What is no file is an address within the portal, which index.html knows,
// but for files under assets/: a script that is not there must not be a page.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		httperr.Refuse(w, http.StatusMethodNotAllowed, r.Method+" is not for pages: use GET")
		return
	}
	name, below := strings.CutPrefix(r.URL.Path, Prefix)
	if !below {
		http.NotFound(w, r)
		return
	}
	f := s.files[name]
	switch {
	case f != nil:
	case strings.HasPrefix(name, assets):
		httperr.Refuse(w, http.StatusNotFound, "the portal has no such file: it may be that of another version; load the page again")
		return
	default:
		f = s.files[index]
	}
	f.send(w, r)
}

// send answers with f, or says that the client has it.
func (f *file) send(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	body, tag := f.plain, `"`+f.tag+`"`
	if f.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Get("Accept-Encoding")) {
			body, tag = f.packed, `"`+f.tag+`-gzip"`
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("Cache-Control", f.cache)
	h.Set("Etag", tag)
	h.Set("Content-Type", f.contentType)
	if matches(r.Header.Get("If-None-Match"), tag) {
		h.Del("Content-Encoding")
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that left is no news
	}
}

// matches reports whether one of the tags that a client has is tag (RFC 9110, section 13.1.2).
func matches(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == tag || one == "*" {
			return true
		}
	}
	return false
}

// acceptsGzip reads an Accept-Encoding (RFC 9110, section 12.5.3).
func acceptsGzip(header string) bool {
	for one := range strings.SplitSeq(header, ",") {
		coding, weight, _ := strings.Cut(one, ";")
		if strings.TrimSpace(coding) != "gzip" {
			continue
		}
		_, q, ok := strings.Cut(weight, "=")
		if !ok {
			return true
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return err == nil && v > 0
	}
	return false
}
