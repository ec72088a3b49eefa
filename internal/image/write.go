package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// refName is the annotation of an OCI layout's index that has an image's name.
const refName = "org.opencontainers.image.ref.name"

// CheckName reports what is wrong with the name of an image that is to be built.
func CheckName(image string) error {
	_, err := tag(image)
	return err
}

func tag(image string, options ...name.Option) (name.Tag, error) {
	t, err := name.NewTag(image, options...)
	if err == nil { // Docker knows fewer names
		_, err = reference.ParseNormalizedNamed(image)
	}
	if err != nil {
		return t, fmt.Errorf("image %q: what is built needs a name such as example/hello:latest, in lower case and without a digest: %w", image, err)
	}
	return t, nil
}

// WriteTar writes the image to a file that `docker load` reads, of any engine.
func (i *Image) WriteTar(ctx context.Context, image, file string) error {
	t, err := tag(image)
	if err != nil {
		return err
	}
	return replace(ctx, file, func(part string) (err error) {
		to, err := os.Create(part)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, to.Close()) }()
		return tarball.Write(t, i.image, until(ctx, to))
	})
}

// WriteLayout writes the image to a directory in the layout of OCI, in the place of one that is there.
func (i *Image) WriteLayout(ctx context.Context, image, dir string) error {
	if _, err := tag(image); err != nil {
		return err
	}
	if _, err := os.Stat(dir); err == nil {
		if _, err := layout.FromPath(dir); err != nil {
			return fmt.Errorf("%s is there and no OCI layout: remove it, or choose another directory", dir)
		}
	}
	return replace(ctx, dir, func(to string) error {
		if err := os.Mkdir(to, 0o755); err != nil { //nolint:gosec // an image is no secret
			return err
		}
		path, err := layout.Write(to, empty.Index)
		if err != nil {
			return err
		}
		digest, err := i.image.Digest()
		if err != nil {
			return err
		}
		return path.ReplaceImage(i.image, match.Digests(digest), layout.WithAnnotations(map[string]string{refName: image}))
	})
}

// replace has something written beside its place and moves it there, so that nobody finds half of it, unless ctx has ended.
func replace(ctx context.Context, at string, write func(string) error) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil { //nolint:gosec // an image is no secret
		return fmt.Errorf("write the image: %w", err)
	}
	part := at + ".part"
	err := os.RemoveAll(part)
	if err == nil {
		err = write(part)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = os.RemoveAll(at)
	}
	if err == nil {
		err = os.Rename(part, at)
	}
	if err != nil {
		return fmt.Errorf("write the image to %s: %w", at, errors.Join(err, os.RemoveAll(part)))
	}
	return nil
}

// Push sends the image to its registry, with the credentials that `docker login` keeps. Plain: by http and not https, which
// a registry on this machine needs no word for.
func (i *Image) Push(ctx context.Context, image string, plain bool) error {
	var options []name.Option
	if plain {
		options = append(options, name.Insecure)
	}
	t, err := tag(image, options...)
	if err != nil {
		return err
	}
	err = remote.Write(t, i.image, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithUserAgent("faas"))
	if err != nil {
		return fmt.Errorf("push %s (`docker login %s` keeps credentials): %w", t, t.RegistryStr(), err)
	}
	return nil
}

// Load reads an image that `docker save` wrote.
func Load(file string) (*Image, error) {
	var image v1.Image
	image, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		return nil, fmt.Errorf("read the image %s: %w", file, err)
	}
	return &Image{image: image}, nil
}

// writer is a function that writes.
type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// until writes until ctx ends.
func until(ctx context.Context, to io.Writer) io.Writer {
	return writer(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return to.Write(p)
	})
}
