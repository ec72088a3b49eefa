package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// WriteVariable has Compare write what it would compare, where it is set to anything. `make reference` sets it.
const WriteVariable = "FAAS_REFERENCE_WRITE"

// made is the first line of a page that nobody edits.
const made = "<!-- Made from the code by `make reference`. Change it there. -->\n\n"

// Page is a page of the reference in Markdown.
type Page struct{ b strings.Builder }

// NewPage begins a page with its title and what is to be said first.
func NewPage(title, text string) *Page {
	p := &Page{}
	p.b.WriteString(made + "# " + title + "\n\n" + text + "\n")
	return p
}

// Section begins a section. text may be empty.
func (p *Page) Section(title, text string) {
	p.b.WriteString("\n## " + title + "\n")
	p.Text(text)
}

// Text adds a paragraph; an empty one is none.
func (p *Page) Text(text string) {
	if text = strings.TrimSpace(text); text != "" {
		p.b.WriteString("\n" + text + "\n")
	}
}

// Table adds a table. A table without rows is none.
func (p *Page) Table(head []string, rows [][]string) { p.b.WriteString(table(head, rows)) }

// String is the page as it is so far.
func (p *Page) String() string { return p.b.String() }

func table(head []string, rows [][]string) string {
	if len(rows) == 0 {
		return ""
	}
	var b strings.Builder
	line := func(cells []string) {
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(strings.ReplaceAll(c, "\n", " "), "|", `\|`)
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	b.WriteString("\n")
	line(append([]string{}, head...))
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, row := range rows {
		line(append([]string{}, row...))
	}
	return b.String()
}

// Code is text between backticks, and nothing where it is empty.
func Code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// Compare fails where the file at path does not have want. It writes it where WriteVariable is set.
func Compare(t testing.TB, path, want string) {
	t.Helper()
	if os.Getenv(WriteVariable) != "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as the rest of the repository
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil { //nolint:gosec // as the rest of the repository
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run make reference", err)
	}
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("%s is not what the code says: run make reference (-file +code):\n%s", filepath.Base(path), diff)
	}
}

// CompareSection is Compare for what stands in a file between the lines <!-- NAME --> and <!-- end of NAME -->.
func CompareSection(t testing.TB, path, name, want string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := replaceSection(string(text), name, want)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	Compare(t, path, whole)
}

func replaceSection(text, name, want string) (string, error) {
	first, last := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->\n"
	before, rest, ok := strings.Cut(text, first)
	_, after, ended := strings.Cut(rest, last)
	if !ok || !ended {
		return "", fmt.Errorf("it has no lines %q and %q", strings.TrimSpace(first), strings.TrimSpace(last))
	}
	return before + first + want + last + after, nil
}
