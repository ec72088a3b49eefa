package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"faas/internal/archtest"
)

// Source is the Go code of the module without its tests, as parsed.
type Source struct {
	// packages are by their folder from the root.
	packages map[string]*sourcePackage
}

type sourcePackage struct {
	dir    string
	files  map[string]*ast.File // by their names in the folder
	consts map[string]ast.Expr  // of the package, by name
}

// ReadSource parses the code below root, without what is hidden, built, or test data.
func ReadSource(root fs.FS) (*Source, error) {
	s, fset := &Source{packages: map[string]*sourcePackage{}}, token.NewFileSet()
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if archtest.Skipped(root, name) {
				return fs.SkipDir
			}
			return nil
		case path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parse %s: %w", name, err)
		}
		s.add(path.Dir(name), path.Base(name), f)
		return nil
	})
	return s, err
}

func (s *Source) add(dir, name string, f *ast.File) {
	p := s.packages[dir]
	if p == nil {
		p = &sourcePackage{dir: dir, files: map[string]*ast.File{}, consts: map[string]ast.Expr{}}
		s.packages[dir] = p
	}
	p.files[name] = f
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			for i, value := range v.Values {
				p.consts[v.Names[i].Name] = value
			}
		}
	}
}

// Dirs are the folders of packages, sorted.
func (s *Source) Dirs() []string { return slices.Sorted(maps.Keys(s.packages)) }

// each calls visit with every node of the package, file by file in the order of names.
func (p *sourcePackage) each(visit func(f *ast.File, n ast.Node)) {
	for _, name := range slices.Sorted(maps.Keys(p.files)) {
		f := p.files[name]
		ast.Inspect(f, func(n ast.Node) bool {
			if n != nil {
				visit(f, n)
			}
			return true
		})
	}
}

// text is the string that an expression of literals and constants of the package has.
func (p *sourcePackage) text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		x, ok := p.text(e.X)
		y, also := p.text(e.Y)
		return x + y, ok && also && e.Op == token.ADD
	case *ast.ParenExpr:
		return p.text(e.X)
	case *ast.Ident:
		if value, ok := p.consts[e.Name]; ok {
			return p.text(value)
		}
	}
	return "", false
}

// Imports lists which packages of the module a package imports, without its tests.
func (s *Source) Imports(dir, module string) []string {
	found := map[string]bool{}
	for _, f := range s.packages[dir].files {
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue
			}
			if to, ours := strings.CutPrefix(name, module+"/"); ours {
				found[to] = true
			} else if name == module {
				found["."] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Synopsis is the first sentence of a package's documentation, without "Package NAME".
func (s *Source) Synopsis(dir string) string {
	p := s.packages[dir]
	for _, name := range slices.Sorted(maps.Keys(p.files)) {
		f := p.files[name]
		text := strings.Join(strings.Fields(f.Doc.Text()), " ")
		if text == "" {
			continue
		}
		text = strings.TrimPrefix(text, "Package "+f.Name.Name+" ")
		for _, stop := range []string{". ", ": "} {
			if i := strings.Index(text, stop); i > 0 {
				text = text[:i]
			}
		}
		return strings.TrimSuffix(text, ".")
	}
	return ""
}

// Texts are the strings in the code, and those of constants, that begin with one of prefixes, sorted. Measurements and whole-system
// tests are left out.
func (s *Source) Texts(prefixes ...string) []string {
	found := map[string]bool{}
	for dir, p := range s.packages {
		if within(dir, "bench") || within(dir, "e2e") || within(dir, "internal/backendtest") || within(dir, "internal/docs") {
			continue
		}
		note := func(e ast.Expr) {
			text, _ := p.text(e)
			// A text with a space is a message.
			if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(text, prefix) }) && !strings.Contains(text, " ") {
				found[text] = true
			}
		}
		for _, value := range p.consts {
			note(value)
		}
		p.each(func(_ *ast.File, n ast.Node) {
			if lit, ok := n.(*ast.BasicLit); ok {
				note(lit)
			}
		})
	}
	return slices.Sorted(maps.Keys(found))
}

func within(folder, dir string) bool { return folder == dir || strings.HasPrefix(folder, dir+"/") }

// Declares reports whether a file declares a name: a function, type, variable, constant or field, or a method as Type.Method.
func (s *Source) Declares(file, name string) bool {
	p := s.packages[path.Dir(file)]
	if p == nil || p.files[path.Base(file)] == nil {
		return false
	}
	found := false
	ast.Inspect(p.files[path.Base(file)], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			found = found || n.Name.Name == name || n.Recv != nil && receiver(n)+"."+n.Name.Name == name
		case *ast.TypeSpec:
			found = found || n.Name.Name == name
		case *ast.ValueSpec:
			found = found || slices.ContainsFunc(n.Names, func(i *ast.Ident) bool { return i.Name == name })
		case *ast.Field:
			found = found || slices.ContainsFunc(n.Names, func(i *ast.Ident) bool { return i.Name == name })
		}
		return !found
	})
	return found
}

func receiver(f *ast.FuncDecl) string {
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}
