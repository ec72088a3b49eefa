package image

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Where things are in an image.
const (
	// WorkDir is the directory in which the function runs.
	WorkDir = "/home/app"
	// WatchdogPath is the watchdog's, the program that an image starts.
	WatchdogPath = "/usr/bin/fwatchdog"

	certificatesPath = "/etc/ssl/certs/ca-certificates.crt"
)

// user owns nothing and may do nothing, by number so that an image without names can be checked for it.
const user = "65534:65534"

// Options say what goes into an image.
type Options struct {
	// Watchdog is the file of the program fwatchdog, a static one for Arch.
	Watchdog string
	// Program is the file of the function's own program, a static one for Arch too, and ProgramPath where the image has it.
	// An empty Program: it is among the files of Dir, and ProgramPath is below WorkDir.
	Program, ProgramPath string
	// Dir is a folder whose files go to WorkDir, but for what its .dockerignore excludes. Empty: none.
	Dir string
	// Skip are paths that stay out of it though they may be in Dir.
	Skip []string
	// Certificates is a file of authorities that the function trusts. Empty: it trusts none.
	Certificates string
	// Env and Labels are the image's.
	Env, Labels map[string]string
	// Arch is what GOARCH calls it. Empty: amd64.
	Arch string
	// Created is the time of everything in the image. Zero: the beginning of 1970.
	Created time.Time
}

// Image is an image that was made.
type Image struct {
	image v1.Image
	work  string // the directory of its layers; empty: they are elsewhere
}

// Close removes what the image is kept in until it is written or pushed.
func (i *Image) Close() error {
	if i.work == "" {
		return nil
	}
	return os.RemoveAll(i.work)
}

// New makes an image of two layers: the watchdog with what every program needs, which all functions share, and the
// function itself. The same options with the same files give the same digest. The caller closes it.
func New(ctx context.Context, o Options) (_ *Image, err error) {
	if o.Arch == "" {
		o.Arch = "amd64"
	}
	if o.Created.IsZero() {
		o.Created = time.Unix(0, 0)
	}
	o.Created = o.Created.UTC()
	if err := CheckStatic(o.Watchdog, o.Arch); err != nil {
		return nil, fmt.Errorf("the watchdog: %w; --watchdog names one", err)
	}
	base := newLayer(o.Created)
	base.text("/etc/group", "root:x:0:\nnogroup:x:65534:\n")
	base.text("/etc/passwd", "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:"+WorkDir+":/sbin/nologin\n")
	base.dir("/tmp", 0o1777)
	base.file(WatchdogPath, o.Watchdog, 0o755)
	if o.Certificates != "" {
		base.file(certificatesPath, o.Certificates, 0o644)
	}
	own := newLayer(o.Created)
	own.dir(WorkDir, 0o755)
	if o.Dir != "" {
		if err := own.tree(WorkDir, folder{dir: o.Dir, skip: o.Skip}); err != nil {
			return nil, err
		}
		if rel, ok := strings.CutPrefix(o.ProgramPath, WorkDir+"/"); ok && o.Program == "" && !own.has(WorkDir, o.Dir, filepath.Join(o.Dir, rel)) {
			return nil, fmt.Errorf("the image would not have its program %s: it must be a file of %s, and not excluded by its .dockerignore", rel, o.Dir)
		}
	}
	if o.Program != "" {
		if err := CheckStatic(o.Program, o.Arch); err != nil {
			return nil, err
		}
		own.file(o.ProgramPath, o.Program, 0o755)
	}
	work, err := os.MkdirTemp("", "faas-image-")
	if err != nil {
		return nil, fmt.Errorf("make the image: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(work))
		}
	}()
	image, err := mutate.ConfigFile(mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1), &v1.ConfigFile{
		Architecture: o.Arch, OS: "linux", Created: v1.Time{Time: o.Created}, Config: config(o),
		RootFS: v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, fmt.Errorf("make the image: %w", err)
	}
	for _, l := range []struct {
		layer      *layer
		file, what string
	}{{base, "base", "faas build: the watchdog"}, {own, "own", "faas build: the function"}} {
		made, err := l.layer.pack(ctx, filepath.Join(work, l.file))
		if err != nil {
			return nil, err
		}
		image, err = mutate.Append(image, mutate.Addendum{
			Layer: made, History: v1.History{Created: v1.Time{Time: o.Created}, CreatedBy: l.what},
		})
		if err != nil {
			return nil, fmt.Errorf("make the image: %w", err)
		}
	}
	return &Image{image, work}, nil
}

// config is what a container of the image starts with.
func config(o Options) v1.Config {
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	for _, name := range slices.Sorted(maps.Keys(o.Env)) {
		env = append(env, name+"="+o.Env[name])
	}
	return v1.Config{
		Cmd: []string{WatchdogPath}, Env: env, Labels: o.Labels, User: user, WorkingDir: WorkDir,
		ExposedPorts: map[string]struct{}{"8080/tcp": {}, "8081/tcp": {}},
		Healthcheck: &v1.HealthConfig{
			Test: []string{"CMD", WatchdogPath, "-run-healthcheck"}, Interval: 5 * time.Second, Timeout: 3 * time.Second, Retries: 3,
		},
	}
}

// Digest is that of the manifest, by which registries and Swarm know the image.
func (i *Image) Digest() (string, error) {
	d, err := i.image.Digest()
	return d.String(), err
}

// Config is the image's configuration as JSON, with its labels, environment and user.
func (i *Image) Config() ([]byte, error) { return i.image.RawConfigFile() }

// SourceDate is the time that SOURCE_DATE_EPOCH says, in seconds since 1970. Zero: it says none.
func SourceDate(lookup func(string) (string, bool)) (time.Time, error) {
	text, _ := lookup("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Time{}, nil
	}
	var seconds int64
	if _, err := fmt.Sscanf(text, "%d", &seconds); err != nil || fmt.Sprint(seconds) != text || seconds < 0 {
		return time.Time{}, fmt.Errorf("environment variable SOURCE_DATE_EPOCH=%q: it must be seconds since 1970, such as 1700000000", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
