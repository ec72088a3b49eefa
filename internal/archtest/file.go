package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// majorVersion is a last element of an import path that is not the package's name.
var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// fileCheck collects what breaks a rule in one file.
type fileCheck struct {
	*goFile
	module string
	// imports are the paths by the names that this file knows them under.
	imports map[string]string
	found   []Violation
}

func (c *fileCheck) report(line int, format string, args ...any) {
	c.found = append(c.found, Violation{File: c.name, Line: line, Text: fmt.Sprintf(format, args...)})
}

func (c *fileCheck) run() {
	c.imports = make(map[string]string, len(c.syntax.Imports))
	for _, spec := range c.syntax.Imports {
		c.checkImport(spec)
	}
	if !c.isTest() && c.lines > maxFileLines {
		c.report(maxFileLines+1, "the file has %d lines, at most %d are allowed: split it by noun", c.lines, maxFileLines)
	}
	for _, decl := range c.syntax.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			c.checkFunction(f)
		}
	}
	ast.Inspect(c.syntax, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			c.checkSelector(s)
		}
		return true
	})
	c.checkWaits()
}

// checkWaits reports receives from time.After in a test, which are sleeps by another name. In a select they
// bound the wait for something else.
func (c *fileCheck) checkWaits() {
	if !c.isTest() || c.importsPath("testing/synctest") {
		return
	}
	bounds := map[ast.Node]bool{}
	granted := grantedWaits[c.name]
	ast.Inspect(c.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CommClause:
			if s, ok := n.Comm.(*ast.ExprStmt); ok {
				bounds[s.X] = true
			}
		case *ast.UnaryExpr:
			name, after := c.receivesAfter(n)
			if !after || bounds[n] {
				break
			}
			if granted--; granted < 0 {
				c.report(c.line(n), "no <-%s in a test: wait for the event, or use testing/synctest", name)
			}
		}
		return true
	})
}

// receivesAfter reports whether x is a receive from time.After, and the name that this goes by here.
func (c *fileCheck) receivesAfter(x *ast.UnaryExpr) (name string, ok bool) {
	call, ok := ast.Unparen(x.X).(*ast.CallExpr)
	if !ok || x.Op != token.ARROW {
		return "", false
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || f.Sel.Name != "After" {
		return "", false
	}
	pkg, ok := f.X.(*ast.Ident)
	if !ok || c.imports[pkg.Name] != "time" {
		return "", false
	}
	return pkg.Name + ".After", true
}

func (c *fileCheck) checkImport(spec *ast.ImportSpec) {
	imported, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return // the parser has checked it
	}
	c.imports[localName(spec, imported)] = imported
	to, ours := c.ours(imported)
	if !ours {
		c.checkModule(spec, imported)
		return
	}
	rule, ok := ruleFor(c.dir)
	if !ok || rule.allows(c.dir, to) {
		return // a package without a rule is reported once, not for each import
	}
	c.report(c.line(spec), "package %s must not import %s: it may import %s", c.dir, to, rule)
}

// ours turns an import path into a folder of this module.
func (c *fileCheck) ours(imported string) (string, bool) {
	if imported == c.module {
		return ".", true
	}
	return strings.CutPrefix(imported, c.module+"/")
}

func (c *fileCheck) checkModule(spec *ast.ImportSpec, imported string) {
	for _, r := range moduleRules {
		inside := slices.ContainsFunc(r.in, func(dir string) bool { return within(c.dir, dir) })
		if within(imported, r.module) && !inside {
			c.report(c.line(spec), "%s is imported in %s only", r.module, strings.Join(r.in, ", "))
		}
	}
}

func (c *fileCheck) checkFunction(f *ast.FuncDecl) {
	first, last := c.line(f.Type), c.fset.Position(f.End()).Line
	if lines := last - first + 1; !c.isTest() && lines > maxFunctionLines {
		c.report(first, "function %s has %d lines, at most %d are allowed", f.Name.Name, lines, maxFunctionLines)
	}
	if f.Name.Name == "init" && f.Recv == nil {
		c.report(first, "no init: do it in New, or in main")
	}
}

func (c *fileCheck) checkSelector(s *ast.SelectorExpr) {
	x, ok := s.X.(*ast.Ident)
	if !ok {
		return
	}
	imported := c.imports[x.Name]
	if advice, bad := forbidden[imported][s.Sel.Name]; bad {
		c.report(c.line(s), "no %s.%s: %s", x.Name, s.Sel.Name, advice)
	}
	// In a bubble of testing/synctest time is virtual and Sleep is how it passes.
	if imported == "time" && s.Sel.Name == "Sleep" && c.isTest() && !c.importsPath("testing/synctest") {
		c.report(c.line(s), "no time.Sleep in a test: wait for the event, or use testing/synctest")
	}
}

func (c *fileCheck) importsPath(wanted string) bool {
	for _, imported := range c.imports {
		if imported == wanted {
			return true
		}
	}
	return false
}

// localName is the name that a file uses for what it imports: its own choice, or the path's last element.
func localName(spec *ast.ImportSpec, imported string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	name := path.Base(imported)
	if majorVersion.MatchString(name) {
		name = path.Base(path.Dir(imported))
	}
	return name
}
