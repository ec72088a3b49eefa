package docs

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"faas/internal/archtest"
)

// Document is one file of Markdown.
type Document struct {
	// Name is the path from the root of the repository.
	Name string
	// Links are in the order of the text; Anchors are the names of headings, as GitHub makes them.
	Links   []Link
	Anchors []string
}

// Link is what a document points to.
type Link struct {
	Target string
	// Code is the text of a link that is all code, such as `Decide`. Empty: it is no code.
	Code string
}

var (
	attribute = regexp.MustCompile(`(?:src|srcset|href)="([^"]+)"`)
	anchorTag = regexp.MustCompile(`<a (?:name|id)="([^"]+)"`)
)

// ReadDocument parses Markdown as GitHub reads it.
func ReadDocument(name string, source []byte) (Document, error) {
	d := Document{Name: name}
	seen := map[string]int{}
	raw := func(html string) {
		for _, m := range attribute.FindAllStringSubmatch(html, -1) {
			d.Links = append(d.Links, Link{Target: m[1]})
		}
		for _, m := range anchorTag.FindAllStringSubmatch(html, -1) {
			d.Anchors = append(d.Anchors, m[1])
		}
	}
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			slug := anchor(plain(n, source))
			if count := seen[slug]; count > 0 {
				d.Anchors = append(d.Anchors, fmt.Sprintf("%s-%d", slug, count))
			} else {
				d.Anchors = append(d.Anchors, slug)
			}
			seen[slug]++
		case *ast.Link:
			link := Link{Target: string(n.Destination)}
			if _, ok := n.FirstChild().(*ast.CodeSpan); ok && n.ChildCount() == 1 {
				link.Code = plain(n, source)
			}
			d.Links = append(d.Links, link)
		case *ast.Image:
			d.Links = append(d.Links, Link{Target: string(n.Destination)})
		case *ast.RawHTML:
			raw(string(n.Segments.Value(source)))
		case *ast.HTMLBlock:
			raw(string(n.Lines().Value(source)))
		}
		return ast.WalkContinue, nil
	})
	return d, err
}

// plain is the text of a node without its marks.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(source))
			continue
		}
		b.WriteString(plain(c, source))
	}
	return b.String()
}

// anchor is the name that GitHub gives a heading.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// Documents reads all Markdown below root, without what is built or test data.
func Documents(root fs.FS) ([]Document, error) {
	var all []Document
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if archtest.Skipped(root, name) && name != "tools" {
				return fs.SkipDir
			}
			return nil
		case path.Ext(name) != ".md":
			return nil
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		d, err := ReadDocument(name, source)
		all = append(all, d)
		return err
	})
	return all, err
}

// Broken says which links of documents lead nowhere: to no file, to no heading of a document, or, where the text of the link
// is code and the target a Go file, to a file that does not declare it. Links to other sites are not followed.
func Broken(root fs.FS, documents []Document, source *Source) []string {
	byName := map[string]Document{}
	for _, d := range documents {
		byName[d.Name] = d
	}
	var faults []string
	for _, d := range documents {
		for _, l := range d.Links {
			if fault := broken(root, byName, source, d.Name, l); fault != "" {
				faults = append(faults, fmt.Sprintf("%s: link to %s: %s", d.Name, l.Target, fault))
			}
		}
	}
	return faults
}

func broken(root fs.FS, documents map[string]Document, source *Source, from string, l Link) string {
	if strings.Contains(l.Target, "://") || strings.HasPrefix(l.Target, "mailto:") {
		return ""
	}
	file, heading, _ := strings.Cut(l.Target, "#")
	name := from
	if file != "" {
		name = path.Join(path.Dir(from), file)
	}
	if strings.HasPrefix(file, "/") || strings.HasPrefix(name, "../") {
		return "write it relative to the document, within the repository"
	}
	if _, err := fs.Stat(root, name); err != nil {
		return "there is no such file"
	}
	d, isDocument := documents[name]
	switch {
	case heading != "" && !isDocument:
		return "only documents have headings"
	case heading != "" && !slices.Contains(d.Anchors, heading):
		return fmt.Sprintf("it has no such heading, but %s", strings.Join(d.Anchors, ", "))
	case l.Code != "" && path.Ext(name) == ".go" && !slices.Contains([]string{path.Base(name), name, path.Dir(name)}, l.Code) && !source.Declares(name, strings.TrimSuffix(l.Code, "()")):
		return fmt.Sprintf("it does not declare %s", l.Code)
	}
	return ""
}
