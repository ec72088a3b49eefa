package docs_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"faas/internal/docs"
)

const root = "../.."

// TestLinks follows each link of each document within the repository.
func TestLinks(t *testing.T) {
	documents, err := docs.Documents(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(documents) < 20 {
		t.Errorf("found %d documents only", len(documents))
	}
	for _, fault := range docs.Broken(os.DirFS(root), documents, source(t)) {
		t.Error(fault)
	}
}

func source(t *testing.T) *docs.Source {
	t.Helper()
	s, err := docs.ReadSource(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBroken(t *testing.T) {
	files := fstest.MapFS{
		"a/b.go": {Data: []byte("// Package b is one.\npackage b\n\ntype T struct{ Field int }\n\nfunc (*T) Run() {}\n\nfunc New() {}\n")},
		"other.md": {Data: []byte("# A title: `code`, and more\n\n## Twice\n\n## Twice\n\n```\n# no heading\n[none](nowhere.md)\n```\n\n" +
			"<a id=\"by-hand\"></a> `[none](nowhere.md)`\n")},
		"pic.png": {},
		"docs/x.md": {Data: []byte(`
[good](../other.md) [good](../other.md#a-title-code-and-more) [good](../other.md#twice-1) [good](../other.md#by-hand) [out](https://example.com/x)
[` + "`New`" + `](../a/b.go) [` + "`T.Run`" + `](../a/b.go) [` + "`Field`" + `](../a/b.go) [` + "`b.go`" + `](../a/b.go) [folder](../a) ![pic](../pic.png)

[bad](gone.md) [bad](../other.md#no-heading) [bad](#here) [` + "`Old`" + `](../a/b.go) [` + "`Run`" + ` of it](../a/b.go) [bad](/other.md) [bad](../../etc)
<img src="../gone.png">

| [bad](in-a-table.md) |
|---|
`)},
	}
	documents, err := docs.Documents(files)
	if err != nil {
		t.Fatal(err)
	}
	s, err := docs.ReadSource(files)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"docs/x.md: link to gone.md: there is no such file",
		"docs/x.md: link to ../other.md#no-heading: it has no such heading, but a-title-code-and-more, twice, twice-1, by-hand",
		"docs/x.md: link to #here: it has no such heading, but ",
		"docs/x.md: link to ../a/b.go: it does not declare Old",
		"docs/x.md: link to /other.md: write it relative to the document, within the repository",
		"docs/x.md: link to ../../etc: write it relative to the document, within the repository",
		"docs/x.md: link to ../gone.png: there is no such file",
		"docs/x.md: link to in-a-table.md: there is no such file",
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(docs.Broken(files, documents, s), "\n")); diff != "" {
		t.Error(diff)
	}
}
