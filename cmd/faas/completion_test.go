package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestComplete(t *testing.T) {
	g := newStub(t)
	t.Chdir(t.TempDir())
	writeTest(t, "stack.yml", "functions: {y: {image: x/y, environment_file: [gone.yml]}, x: {image: x/x}}\n")
	writeTest(t, "own/stack.yml", "functions: {z: {image: x/z}}\n")
	for words, want := range map[string]string{
		"de":                            "deploy",
		"scale ":                        "set explain freeze unfreeze",
		"build --out":                   "--output",
		"new x --lang ":                 "go python node sh dockerfile",
		"new x --lang=":                 "--lang=go --lang=python --lang=node --lang=sh --lang=dockerfile",
		"logs ":                         "a b",
		"invoke --method GET ":          "a b",
		"scale set ":                    "a b",
		"rm a ":                         "a b",
		"deploy ":                       "x y",
		"build -f own/stack.yml ":       "z",
		"deploy --stack=own/stack.yml ": "z",
		"deploy -f gone.yml ":           "",
		"logs --gateway http://[bad b":  "",
		"completion ":                   "bash zsh fish",
		"list --dat":                    "--data",
	} {
		got := mustRun(t, append([]string{"complete", "--"}, strings.Split(words, " ")...)...)
		if diff := cmp.Diff(strings.Fields(want), strings.Fields(got)); diff != "" {
			t.Errorf("%s: %s", words, diff)
		}
	}
	if all := mustRun(t, "complete"); !strings.Contains(all, "deploy\n") || strings.Contains(all, "pause") {
		t.Errorf("the commands are %s", all)
	}
	g.Close()
	if got := mustRun(t, "complete", "--", "logs", ""); got != "" {
		t.Errorf("without a gateway: %q", got)
	}
}

// TestBashCompletes has a real bash complete lines, with what breaks words in it.
func TestBashCompletes(t *testing.T) {
	const inside = "FAAS_TEST_COMPLETE"
	if os.Getenv(inside) != "" { // faas itself, for bash
		fmt.Print(mustRun(t, flag.Args()...))
		os.Exit(0)
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	g := newStub(t)
	dir := t.TempDir()
	writeTest(t, filepath.Join(dir, "body.txt"), "")
	rc := filepath.Join(dir, "rc")
	writeTest(t, rc, fmt.Sprintf(`faas() {
	if [ "$1" = complete ]; then %s=yes '%s' -test.run '^TestBashCompletes$' "$@"; return; fi
	local IFS='|'; printf 'ran:%%s\n' "$*"
}
`, inside, os.Args[0])+mustRun(t, "completion", "bash"))
	for line, want := range map[string]string{
		"lis\t":                                 "list",
		"list --output=j\t":                     "list|--output=json",
		"list  --output=js\t-v":                 "list|--output=json|-v",
		"list -o j\t":                           "list|-o|json",
		"logs --gateway " + g.URL + " --out\t":  "logs|--gateway|" + g.URL + "|--output",
		"scale set --gateway=" + g.URL + " a\t": "scale|set|--gateway=" + g.URL + "|a",
		"invoke a --body @bo\t":                 "invoke|a|--body|@body.txt",
		"invoke a --body=@bo\t":                 "invoke|a|--body=@body.txt",
	} {
		cmd := exec.CommandContext(t.Context(), bash, "--noprofile", "--rcfile", rc, "-i")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "TERM=dumb", "PS1=", "HISTFILE=", "INPUTRC=/dev/null")
		cmd.Stdin = strings.NewReader("faas " + line + "\nexit\n")
		out, _ := cmd.CombinedOutput() // what is missing in it tells
		if !strings.Contains(string(out), "ran:"+want+"\n") {
			t.Errorf("%q: want %s in:\n%s", line, want, out)
		}
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script := mustRun(t, "completion", shell)
		program, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		cmd := exec.CommandContext(t.Context(), program, "-n")
		cmd.Stdin = strings.NewReader(script)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}
