package main

import (
	"cmp"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"faas/internal/docs"
)

// TestReferenceFlags makes docs/reference/flags.md of what the parser knows.
func TestReferenceFlags(t *testing.T) {
	app := parser(&commands{})
	p := docs.NewPage("Commands and flags", "A flag goes before a variable, and a variable before the default. `--help` after a command says the same.")
	for _, command := range leaves(app.Model.Node) {
		p.Section(nameOf(command), command.Help)
		if detail := strings.TrimSpace(command.Detail); detail != "" {
			p.Text(escaped(detail))
		}
		if len(command.Aliases) > 0 {
			p.Text("Also: " + docs.Code(strings.Join(command.Aliases, ", ")) + ".")
		}
		p.Text("```sh\n" + usage(command) + "\n```")
		var rows [][]string
		for _, a := range command.Positional {
			rows = append(rows, []string{docs.Code(argumentOf(a)), "", defaultOf(a), escaped(a.Help)})
		}
		for _, group := range command.AllFlags(true) {
			for _, f := range group {
				if f.Name == "help" || f.Name == "version" {
					continue
				}
				rows = append(rows, []string{flagText(f), variablesOf(f), defaultOf(f.Value), escaped(f.Help)})
			}
		}
		p.Table([]string{"flag", "variable", "default", "meaning"}, rows)
	}
	p.Section("fwatchdog", "The entry point of a function's image. All else is set by [variables](environment.md#the-watchdog).")
	p.Table([]string{"flag", "variable", "default", "meaning"}, watchdogFlags(t))
	docs.Compare(t, filepath.Join("..", "..", "docs", "reference", "flags.md"), p.String())
}

// leaves are the commands that do something, in the order of the help.
func leaves(n *kong.Node) []*kong.Node {
	if n.Type == kong.CommandNode && len(n.Children) == 0 {
		return []*kong.Node{n}
	}
	var all []*kong.Node
	for _, c := range n.Children {
		if !c.Hidden {
			all = append(all, leaves(c)...)
		}
	}
	return all
}

// nameOf is the command as it is typed.
func nameOf(n *kong.Node) string {
	if n.Parent == nil {
		return n.Name
	}
	return nameOf(n.Parent) + " " + n.Name
}

func usage(n *kong.Node) string {
	text := nameOf(n)
	for _, a := range n.Positional {
		text += " " + argumentOf(a)
	}
	return text + " [flags]"
}

func argumentOf(a *kong.Positional) string { return strings.Trim(a.Summary(), `"`) }

func flagText(f *kong.Flag) string {
	name := "--" + f.Name
	if f.Tag != nil && f.Tag.Negatable != "" {
		name = "--[no-]" + f.Name
	}
	if !f.IsBool() && !f.IsCounter() {
		name += "=" + cmp.Or(f.PlaceHolder, strings.ToUpper(f.Name))
	}
	text := docs.Code(name)
	if f.Short != 0 {
		text = docs.Code("-"+string(f.Short)) + ", " + text
	}
	return text
}

func variablesOf(f *kong.Flag) string {
	names := make([]string, len(f.Envs))
	for i, name := range f.Envs {
		names[i] = docs.Code(name)
	}
	return strings.Join(names, ", ")
}

func defaultOf(v *kong.Value) string {
	if !v.HasDefault {
		return ""
	}
	return docs.Code(v.Default)
}

// escaped keeps Markdown from taking what stands between angle brackets or stars for its own.
func escaped(text string) string { return strings.NewReplacer("<", "&lt;", "*", `\*`).Replace(text) }

// watchdogFlags reads the flags of fwatchdog from its source: two programs cannot import each other.
func watchdogFlags(t *testing.T) [][]string {
	t.Helper()
	name := filepath.Join("..", "fwatchdog", "main.go")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := goparser.ParseFile(token.NewFileSet(), name, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 3 {
			return true
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !slices.Contains([]string{"Bool", "String", "Int", "Duration"}, selector.Sel.Name) {
			return true
		}
		if on, ok := selector.X.(*ast.Ident); !ok || on.Name != "flags" {
			return true
		}
		flag, err := strconv.Unquote(call.Args[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		meaning, err := strconv.Unquote(call.Args[2].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, []string{docs.Code("-" + flag), "", "", meaning})
		return true
	})
	if len(rows) < 2 {
		t.Errorf("found %d flags in %s", len(rows), name)
	}
	return rows
}
