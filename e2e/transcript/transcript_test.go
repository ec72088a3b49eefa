package transcript

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		want, got string
		same      bool
	}{
		{"hello\n", "hello\n", true},
		{"hello\n", "hello", true},
		{"hello\n", "hello\n\n", false},
		{"hello\n", "hello\nworld\n", false},
		{"", "", true},
		{"", "something\n", false},
		{"a … c\n", "a b c\n", true},
		{"a … c\n", "a b\nc\n", false},
		{"a.c\n", "abc\n", false},
		{"…\nend\n", "end\n", true},
		{"…\nend\n", "one\ntwo\nend\n", true},
		{"…\nend\n", "one\nend\ntwo\n", false},
		{"begin\n…\n", "begin\n", true},
		{"begin\n…\n", "begin\nand\nmore\n", true},
		{"begin\n…\n", "no\nbegin\n", false},
		{"…\n", "", true},
	} {
		if same := match(tt.want, tt.got, false); same != tt.same {
			t.Errorf("%q shown, %q printed: match is %v", tt.want, tt.got, same)
		}
	}
}

func TestMatchLike(t *testing.T) {
	for _, tt := range []struct {
		want, got string
		same      bool
	}{
		{"12/12  ready\n", "13/11 ready\n", true},
		{"12/12  ready\n", "1/1    ready\n", false},
		{"50/s\n", "49.95/s\n", true},
		{"49.95/s\n", "50/s\n", true},
		{"49.95/s\n", "5.1/s\n", false},
		{"a 3.5 … b\n", "a 4 c 17 b\n", true},
		{"a b\n", "ab\n", false},
		{"a.b\n", "a5b\n", false},
	} {
		if same := match(tt.want, tt.got, true); same != tt.same {
			t.Errorf("%q shown, %q printed: match is %v", tt.want, tt.got, same)
		}
	}
}

func TestRun(t *testing.T) {
	for name, tt := range map[string]struct {
		document string
		wants    []string // of the error; none: no error
	}{
		"a shell for all blocks": {"```console\n$ A=1; cd /\n```\n\nThen:\n\n```console\n$ echo $A; pwd\n1\n/\n```\n", nil},
		"both outputs, in order": {"```console\n$ echo a; echo b >&2; echo c\na\nb\nc\n```\n", nil},
		"several lines":          {"```console\n$ printf '%s-' \\\n  a \\\n  b\na-b-\n$ echo next\nnext\n```\n", nil},
		"quotes":                 {"```console\n$ echo \"it's\" '$HOME'\nit's $HOME\n```\n", nil},
		"its input is empty":     {"```console\n$ cat; echo \"so: $?\"\nso: 0\n```\n", nil},
		"in a list":              {"1. Type\n\n   ```console\n   $ echo a\n   a\n   ```\n", nil},
		"replaced there and back": {
			"```console\n$ echo http://here:8080/x | tr a-z a-z\nhttp://here:8080/x\n$ test http://here:8080 = http://there:1 && echo so\nso\n```\n", nil,
		},
		"other languages are not run": {"```sh\nexit 1\n```\n\n```console\n$ true\n```\n", nil},
		"repeated":                    {"<!-- transcript: wait 20s -->\n\n```console\n$ echo x >>tries; wc -l <tries\n3\n```\n", nil},
		"other figures":               {"<!-- transcript: wait 20s, like -->\n```console\n$ echo took 12.5 s\ntook 99   s\n```\n", nil},
		"skipped":                     {"<!-- transcript: skip needs a registry -->\n```console\n$ false; echo a\nb\n```\n", nil},
		"stays": {
			"<!-- transcript: stays 20s -->\n```console\n$ echo up; echo $$ >pid; exec sleep 100\nup\n```\n\n" +
				"<!-- transcript: wait 20s -->\n```console\n$ kill -0 $(cat pid) && echo runs\nruns\n```\n", nil,
		},

		"prints something else": {"# A\n\n```console\n$ echo a\nb\n```\n", []string{"doc.md:4: $ echo a", "    a\n", "    b"}},
		"prints more":           {"```console\n$ echo a; echo b\na\n```\n", []string{"doc.md:2:"}},
		"goes on after a difference": {
			"```console\n$ echo a\nb\n```\n```console\n$ echo c\nd\n```\n", []string{"doc.md:2:", "doc.md:6:"},
		},
		"the shell ends":       {"```console\n$ exit 3\n```\n", []string{"doc.md:2: exit 3: it ended"}},
		"never as shown":       {"<!-- transcript: wait 300ms -->\n```console\n$ echo a\nb\n```\n", []string{"doc.md:3:", "nor within 300ms"}},
		"ends though it stays": {"<!-- transcript: stays 20s -->\n```console\n$ echo a\nb\n```\n", []string{"doc.md:3:", "it ended"}},
		"no block":             {"# A\n", []string{"has no block of console"}},
		"no command":           {"\n```console\necho a\n```\n", []string{"doc.md: line 3: a block of console begins with a command"}},
		"unknown directive":    {"<!-- transcript: hurry -->\n```console\n$ true\n```\n", []string{"line 3: transcript: hurry: there are like, wait, stays and skip"}},
		"wait for nothing":     {"<!-- transcript: wait -->\n```console\n$ true\n```\n", []string{"say how long"}},
		"skip without a reason": {
			"<!-- transcript: skip -->\n```console\n$ true\n```\n", []string{"say why"},
		},
		"two that stay": {"<!-- transcript: stays 1s -->\n```console\n$ true\n$ true\n```\n", []string{"has one command, this has 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "doc.md")
			if err := os.WriteFile(path, []byte(tt.document), 0o600); err != nil {
				t.Fatal(err)
			}
			err := Run(t.Context(), path, Options{Dir: dir, Replace: []string{"http://here:8080", "http://there:1"}})
			if err == nil && len(tt.wants) > 0 || err != nil && len(tt.wants) == 0 {
				t.Fatalf("got %v, want %q", err, tt.wants)
			}
			for _, want := range tt.wants {
				if !strings.Contains(fmt.Sprint(err), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

// TestRunEndsWhatStays holds that nothing is left of a document that was run.
func TestRunEndsWhatStays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "doc.md")
	text := "<!-- transcript: stays 20s -->\n```console\n$ trap 'echo ended >end; exit' INT; echo up; while :; do sleep 0.05; done\nup\n```\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), path, Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if end, err := os.ReadFile(filepath.Join(dir, "end")); err != nil || string(end) != "ended\n" {
		t.Errorf("%q, %v", end, err)
	}
}
