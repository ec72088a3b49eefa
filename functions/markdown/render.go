package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
)

// render writes the HTML of a CommonMark text with GitHub's extensions (tables, task lists, strikethrough, bare links). HTML in the
// text is kept as far as it is harmless: what could run a script is gone.
func render(w io.Writer, source []byte) error {
	md := goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(html.WithUnsafe()), // the policy cleans what the parser wrote as well
	)
	var raw bytes.Buffer
	if err := md.Convert(source, &raw); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	return policy().SanitizeReaderToWriter(&raw, w)
}

// policy is what may be in the answer: what people write about, and the boxes of task lists, which nobody can change.
func policy() *bluemonday.Policy {
	p := bluemonday.UGCPolicy()
	p.AllowAttrs("type").Matching(regexp.MustCompile(`^checkbox$`)).OnElements("input")
	p.AllowAttrs("checked", "disabled").Matching(regexp.MustCompile(`^$`)).OnElements("input")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[\w+#-]+$`)).OnElements("code") // for colouring
	p.AllowAttrs("align").Matching(bluemonday.CellAlign).OnElements("td", "th")
	p.AllowStyles("text-align").MatchingEnum("left", "center", "right").OnElements("td", "th")
	return p
}
