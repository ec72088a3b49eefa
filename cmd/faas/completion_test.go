package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestComplete(t *testing.T) {
	g := newStub(t)
	for words, want := range map[string]string{
		"de":                           "deploy",
		"scale ":                       "set explain freeze unfreeze",
		"build --out":                  "--output",
		"new x --lang ":                "go python node sh dockerfile",
		"new x --lang=":                "--lang=go --lang=python --lang=node --lang=sh --lang=dockerfile",
		"logs ":                        "a b",
		"invoke --method GET ":         "a b",
		"scale set ":                   "a b",
		"rm a ":                        "a b",
		"logs --gateway http://[bad b": "",
		"completion ":                  "bash zsh fish",
		"list --dat":                   "--data",
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
