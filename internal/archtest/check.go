package archtest

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Violation is one place that breaks a rule.
type Violation struct {
	// File is the path from the root of the module, Line is 1 or more.
	File string
	Line int
	// Text says what is wrong and what to do instead.
	Text string
}

// String gives the violation in the form that editors jump to: file:line: text.
func (v Violation) String() string { return fmt.Sprintf("%s:%d: %s", v.File, v.Line, v.Text) }

// Check reads every Go file of the module below root and reports what breaks a rule, in the order of
// files and lines. An error means that the tree could not be read or parsed.
func Check(root fs.FS) ([]Violation, error) {
	t, err := load(root)
	if err != nil {
		return nil, fmt.Errorf("load the module: %w", err)
	}
	var found []Violation
	for _, f := range t.files {
		c := fileCheck{module: t.module, goFile: f}
		c.run()
		found = append(found, c.found...)
	}
	found = append(found, checkPackages(t)...)
	for _, name := range t.others {
		if v, bad := checkOther(name); bad {
			found = append(found, v)
		}
	}
	slices.SortFunc(found, func(a, b Violation) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Text, b.Text))
	})
	return found, nil
}

// checkPackages reports packages without a rule and packages without a doc comment.
func checkPackages(t *tree) []Violation {
	var found []Violation
	for _, dir := range t.dirs() {
		files := t.in(dir)
		first := files[0]
		if _, ok := ruleFor(dir); !ok {
			found = append(found, Violation{
				first.name, 1,
				fmt.Sprintf("package %s has no import rule: add it to importRules in internal/archtest", dir),
			})
		}
		documented := slices.ContainsFunc(files, func(f *goFile) bool {
			doc := f.syntax.Doc.Text()
			return strings.HasPrefix(doc, "Package "+f.syntax.Name.Name+" ") || f.syntax.Name.Name == "main" && doc != ""
		})
		if !documented {
			found = append(found, Violation{
				first.name, 1,
				fmt.Sprintf("package %s has no doc comment: begin one with \"Package %s\"", dir, first.syntax.Name.Name),
			})
		}
	}
	return found
}

func checkOther(name string) (Violation, bool) {
	for _, dir := range yamlOnly {
		if within(path.Dir(name), dir) && path.Ext(name) != ".yml" && path.Ext(name) != ".yaml" {
			return Violation{name, 1, dir + "/ holds YAML only"}, true
		}
	}
	return Violation{}, false
}
