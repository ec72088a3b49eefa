package archtest

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// tree is a module's files as parsed, whatever their build constraints.
type tree struct {
	module string
	files  []*goFile
	// others are the names of files that are not Go.
	others []string
}

type goFile struct {
	name   string
	dir    string
	lines  int
	fset   *token.FileSet
	syntax *ast.File
}

func (f *goFile) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

func (f *goFile) line(n ast.Node) int { return f.fset.Position(n.Pos()).Line }

// dirs lists the folders that have Go files, sorted.
func (t *tree) dirs() []string {
	var dirs []string
	for _, f := range t.files {
		dirs = append(dirs, f.dir)
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// in lists a folder's Go files.
func (t *tree) in(dir string) []*goFile {
	var files []*goFile
	for _, f := range t.files {
		if f.dir == dir {
			files = append(files, f)
		}
	}
	return files
}

func load(root fs.FS) (*tree, error) {
	module, err := moduleName(root)
	if err != nil {
		return nil, err
	}
	t := &tree{module: module}
	err = fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if Skipped(root, name) {
				return fs.SkipDir
			}
			return nil
		case path.Ext(name) != ".go":
			t.others = append(t.others, name)
			return nil
		}
		f, err := parse(root, name)
		if err != nil {
			return err
		}
		t.files = append(t.files, f)
		if slices.ContainsFunc(yamlOnly, func(dir string) bool { return within(f.dir, dir) }) {
			t.others = append(t.others, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Skipped reports whether a folder is none of the module's: hidden, built, test data, or a module of its own.
func Skipped(root fs.FS, name string) bool {
	if name == "." {
		return false
	}
	base := path.Base(name)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || name == "bin" ||
		base == "testdata" || base == "node_modules" {
		return true
	}
	_, err := fs.Stat(root, path.Join(name, "go.mod"))
	return err == nil
}

func parse(root fs.FS, name string) (*goFile, error) {
	src, err := fs.ReadFile(root, name)
	if err != nil {
		return nil, err
	}
	f := &goFile{name: name, dir: path.Dir(name), lines: bytes.Count(src, []byte("\n")), fset: token.NewFileSet()}
	f.syntax, err = parser.ParseFile(f.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	return f, nil
}

func moduleName(root fs.FS) (string, error) {
	src, err := fs.ReadFile(root, "go.mod")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(src)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
			return strings.TrimSpace(name), nil
		}
	}
	return "", errors.New("go.mod names no module")
}
