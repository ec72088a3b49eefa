package scaffold

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/distribution/reference"

	"faas/function"
)

//go:embed all:templates
var templates embed.FS

// suffix is of templates, which would be taken for parts of this module without it.
const suffix = ".tmpl"

// stackEntry is the template of a function's entry in a stack file, as it stands below functions.
const stackEntry = "stack.yml" + suffix

// New says what to make.
type New struct {
	// Name is the function's, Lang one of Languages.
	Name, Lang string
	// Prefix goes before its name in that of its image: a registry, an organisation. Empty: localhost, which nobody pulls from.
	Prefix string
	// Dir is the folder to make.
	Dir string
	// Append is a stack file that gets the function's entry. Empty: the folder has one of its own.
	Append string
}

// Languages are those that there are templates for.
func Languages() []string {
	entries, err := templates.ReadDir("templates")
	if err != nil {
		return nil // they are embedded
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// values are what templates know.
type values struct {
	Name, Image, Handler string
}

// Make makes the folder and returns the files that it wrote. It replaces nothing: where something of the name is there
// already nothing is made.
func (n New) Make() ([]string, error) {
	if err := function.ValidateName(n.Name); err != nil {
		return nil, err
	}
	if !slices.Contains(Languages(), n.Lang) {
		return nil, fmt.Errorf("language %q: there are %s", n.Lang, strings.Join(Languages(), ", "))
	}
	if _, err := os.Lstat(n.Dir); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there already: choose another name, or remove it", n.Dir)
	}
	image, err := n.image()
	if err != nil {
		return nil, err
	}
	v := values{Name: n.Name, Image: image, Handler: "."}
	if n.Append != "" {
		if v.Handler, err = relative(n.Append, n.Dir); err != nil {
			return nil, err
		}
	}
	entry, err := v.fill(path.Join("templates", n.Lang, stackEntry))
	if err != nil {
		return nil, err
	}
	file := n.Append
	var add func() error
	if file != "" {
		add, err = extend(file, entry)
	} else {
		file = filepath.Join(n.Dir, "stack.yml")
		add, err = begin(file, stackHead(n.Name)+entry)
	}
	if err != nil {
		return nil, err
	}
	made, err := v.write(n.Lang, n.Dir)
	if err == nil {
		made = append(made, file)
		err = add()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(n.Dir)) // which was not there before
	}
	return made, nil
}

// image is the name of the function's image, which must be one for Docker too, and for every registry.
func (n New) image() (string, error) {
	const local = "localhost"
	name := strings.ToLower(n.Name)
	if _, err := reference.ParseNormalizedNamed(local + "/" + name); err != nil {
		return "", function.Invalidf("function name %q: no image can have it: use a single '-', '_' or '.' between letters and digits, and none at the end", n.Name)
	}
	prefix := cmp.Or(strings.TrimSuffix(n.Prefix, "/"), local)
	image := prefix + "/" + name + ":latest"
	if _, err := reference.ParseNormalizedNamed(image); err != nil || prefix != strings.ToLower(prefix) {
		return "", function.Invalidf("prefix %q: image %s would be no image's name: write it as registry.example.com:5000/team or team, in lower case", n.Prefix, image)
	}
	return image, nil
}

// relative is dir as a stack file names it.
func relative(file, dir string) (string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	if dir, err = filepath.Rel(filepath.Dir(file), dir); err != nil {
		return "", err
	}
	if dir = filepath.ToSlash(dir); !strings.HasPrefix(dir, "../") {
		dir = "./" + dir
	}
	return dir, nil
}

func stackHead(name string) string {
	return "# The function " + name + ", for faas up, build and deploy, and for faas-cli. ${NAME:-default} is a variable of the environment.\n" +
		"version: 1.0\nprovider:\n  name: openfaas\n\nfunctions:\n"
}

// write fills in all templates of a language but that of its entry.
func (v values) write(lang, dir string) ([]string, error) {
	root := path.Join("templates", lang)
	entries, err := templates.ReadDir(root)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // source is no secret
		return nil, err
	}
	var made []string
	for _, e := range entries {
		if e.Name() == stackEntry {
			continue
		}
		text, err := v.fill(path.Join(root, e.Name()))
		if err != nil {
			return nil, err
		}
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		at := filepath.Join(dir, strings.TrimSuffix(e.Name(), suffix))
		if err := os.WriteFile(at, []byte(text), mode); err != nil {
			return nil, err
		}
		made = append(made, at)
	}
	return made, nil
}

func (v values) fill(name string) (string, error) {
	text, err := templates.ReadFile(name)
	if err != nil {
		return "", err
	}
	t, err := template.New(name).Delims("[[", "]]").Parse(string(text))
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = t.Execute(&out, v)
	return out.String(), err
}
