package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"faas/api"
	"faas/internal/stack"
)

// completionCommand is `faas completion`.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is called by the parser.
func (*completionCommand) Help() string {
	return "bash: `source <(faas completion bash)` in ~/.bashrc. zsh: the same with zsh in ~/.zshrc, after compinit. " +
		"fish: `faas completion fish >~/.config/fish/completions/faas.fish`. Functions are completed too, from the gateway, and for build and deploy from the stack file."
}

// The scripts ask faas itself what may come next, so that they are always those of the faas that is installed.
var completionScripts = map[string]string{
	// bash splits words at = and : too, so that they are put together by the blanks of the line, and of what is found only that
	// goes into the line which bash takes for the last word.
	"bash": `_faas() {
	local IFS=$'\n' line=${COMP_LINE:0:COMP_POINT} words=() i=0 word blank
	for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
		blank=${line%%[![:blank:]]*}
		line=${line#"$blank"}
		[ ${#word} -le ${#line} ] || word=$line
		line=${line:${#word}}
		if [ $i -eq 0 ] || [ -n "$blank" ]; then words[i++]=$word; else words[i-1]+=$word; fi
	done
	local last=${words[i-1]}
	for ((i = ${#last}; i > 0; i--)); do
		[[ $COMP_WORDBREAKS != *"${last:i-1:1}"* ]] || break
	done
	[[ $i -eq 0 || ${last:i-1:1} != @ ]] || ((i--))
	word=${last:i}
	COMPREPLY=($(faas complete -- "${words[@]:1}" 2>/dev/null))
	[ ${#COMPREPLY[@]} -eq 0 ] || COMPREPLY=("${COMPREPLY[@]#"${last:0:i}"}")
	[ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -P "${word%%[!@]*}" -f -- "${word#@}"))
}
complete -o filenames -F _faas faas
`,
	"zsh": `#compdef faas
_faas() {
	local -a found
	found=("${(@f)$(faas complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	found=(${found:#})
	if (( $#found )); then compadd -a found; else _files; fi
}
compdef _faas faas
`,
	"fish": `function __faas_complete
	set -l words (commandline -opc) (commandline -ct)
	faas complete -- $words[2..-1] 2>/dev/null
end
complete -c faas -a '(__faas_complete)'
`,
}

// Run prints the script.
func (c *completionCommand) Run(app *kong.Kong) error {
	_, err := fmt.Fprint(app.Stdout, completionScripts[c.Shell])
	return err
}

// completeCommand is `faas complete -- WORD...`, which the scripts call: the last word is the one to be completed.
type completeCommand struct {
	Words []string `arg:"" optional:""`
}

// askedFor bounds how long somebody waits at the tab key for the names of functions.
const askedFor = 500 * time.Millisecond

// Run prints each word that may stand there.
func (c *completeCommand) Run(ctx context.Context, app *kong.Kong) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	for _, word := range candidates(ctx, app.Model.Node, words) {
		if strings.HasPrefix(word, last) {
			fmt.Fprintln(app.Stdout, word)
		}
	}
	return nil
}

// candidates are what may stand in the place of the last word, whatever it begins with.
func candidates(ctx context.Context, at *kong.Node, words []string) []string {
	var value *kong.Flag // whose value comes next
	file := cmp.Or(os.Getenv("FAAS_STACK"), defaultStack)
	reach := gatewayFlags{
		Gateway: os.Getenv("FAAS_GATEWAY"), PasswordFile: os.Getenv("FAAS_PASSWORD_FILE"),
		User: cmp.Or(os.Getenv("FAAS_USER"), defaultUser), Data: cmp.Or(os.Getenv("FAAS_DATA"), defaultData),
	}
	set := func(flag, text string) {
		if flag == "stack" {
			file = text
		}
		reach.set(flag, text)
	}
	for _, word := range words[:len(words)-1] {
		switch {
		case value != nil:
			set(value.Name, word)
			value = nil
		case strings.HasPrefix(word, "-"):
			name, text, glued := strings.Cut(word, "=")
			if f := flagOf(at, name); f != nil && !f.IsBool() {
				if value = f; glued {
					set(f.Name, text)
					value = nil
				}
			}
		default:
			if i := slices.IndexFunc(at.Children, func(n *kong.Node) bool { return n.Name == word || slices.Contains(n.Aliases, word) }); i >= 0 {
				at = at.Children[i]
			}
		}
	}
	last := words[len(words)-1]
	if name, _, glued := strings.Cut(last, "="); glued && strings.HasPrefix(last, "--") {
		if value = flagOf(at, name); value != nil {
			return prefixed(name+"=", value.EnumSlice())
		}
	}
	var all []string
	switch {
	case value != nil:
		all = value.EnumSlice()
	case strings.HasPrefix(last, "-"):
		all = flagsOf(at)
	case len(at.Children) > 0:
		for _, n := range at.Children {
			if !n.Hidden {
				all = append(all, n.Name)
			}
		}
	case len(at.Positional) > 0 && at.Positional[0].Enum != "":
		all = at.Positional[0].EnumSlice()
	case at.Name == "deploy" || at.Name == "build":
		all = stackNames(file)
	case len(at.Positional) > 0 && (at.Positional[0].Name == "function" || at.Parent.Name == "scale"):
		all = reach.names(ctx)
	}
	return slices.DeleteFunc(all, func(word string) bool { return word == "" })
}

// flagOf is the flag that a word names, of at or of what is above it. Nil: there is none.
func flagOf(at *kong.Node, word string) *kong.Flag {
	for _, group := range at.AllFlags(false) {
		for _, f := range group {
			if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) || slices.ContainsFunc(f.Aliases, func(a string) bool { return word == "--"+a }) {
				return f
			}
		}
	}
	return nil
}

func flagsOf(at *kong.Node) []string {
	var all []string
	for _, group := range at.AllFlags(true) {
		for _, f := range group {
			all = append(all, "--"+f.Name)
		}
	}
	return all
}

func prefixed(prefix string, words []string) []string {
	var all []string
	for _, word := range words {
		if word != "" {
			all = append(all, prefix+word)
		}
	}
	return all
}

// set takes over a flag that says where the gateway is.
func (c *gatewayFlags) set(flag, value string) {
	switch flag {
	case "data":
		c.Data = value
	case "gateway":
		c.Gateway = value
	case "user":
		c.User = value
	case "password-file":
		c.PasswordFile = value
	}
}

// stackNames are the functions of a stack file, where it can be read.
func stackNames(file string) []string {
	s, err := stack.Read(file, os.LookupEnv)
	if err != nil {
		return nil // there is nowhere to say so
	}
	return slices.Sorted(maps.Keys(s.Functions))
}

// names are the functions of the gateway, where it can be asked.
func (c *gatewayFlags) names(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, askedFor)
	defer cancel()
	var functions []api.FunctionStatus
	if err := c.ask(ctx, "GET", "/system/functions", nil, &functions); err != nil {
		return nil // there is nowhere to say so
	}
	names := make([]string, len(functions))
	for i, f := range functions {
		names[i] = f.Name
	}
	slices.Sort(names)
	return names
}
