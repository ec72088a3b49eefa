package transcript

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// Language is what the blocks that are run are said to be written in.
const Language = "console"

const (
	prompt    = "$ "
	directive = "transcript:"
)

// manner is how a block is run.
type manner string

const (
	once  manner = ""
	wait  manner = "wait"
	stays manner = "stays"
	skip  manner = "skip"
)

// Block is a fenced block of a document.
type Block struct {
	// Line is that of the first command in the document, from 1.
	Line int
	// Commands are in the order in which they are typed.
	Commands []Command

	direction
}

// direction is what the comment above a block says.
type direction struct {
	manner manner
	within time.Duration
	// like: numbers count as the same when they have as many digits before the point, and spaces however many.
	like bool
}

// Command is what is typed, and what it prints.
type Command struct {
	// Line is where it stands in the document, from 1.
	Line int
	// Text is the command, of one line or of several.
	Text string
	// Want is what it prints, each line ended by a newline, with "…" where it does not matter.
	Want string
}

// Parse finds the blocks of a document. Its errors name the line.
func Parse(document []byte) ([]Block, error) {
	var blocks []Block
	root := goldmark.DefaultParser().Parse(text.NewReader(document))
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		fence, ok := n.(*ast.FencedCodeBlock)
		if !ok || !entering || string(fence.Language(document)) != Language || fence.Lines().Len() == 0 {
			return ast.WalkContinue, nil
		}
		first := 1 + bytes.Count(document[:fence.Lines().At(0).Start], []byte("\n"))
		b := Block{Line: first}
		var err error
		if b.direction, err = parseDirective(n.PreviousSibling(), document); err != nil {
			return ast.WalkStop, fmt.Errorf("line %d: %w", first, err)
		}
		if b.Commands, err = parseCommands(string(fence.Lines().Value(document)), first); err != nil {
			return ast.WalkStop, err
		}
		if b.manner == stays && len(b.Commands) != 1 {
			return ast.WalkStop, fmt.Errorf("line %d: a block that stays has one command, this has %d", first, len(b.Commands))
		}
		blocks = append(blocks, b)
		return ast.WalkContinue, nil
	})
	return blocks, err
}

// parseDirective reads the comment above a block.
func parseDirective(above ast.Node, document []byte) (direction, error) {
	comment, ok := above.(*ast.HTMLBlock)
	if !ok {
		return direction{}, nil
	}
	said := string(comment.Lines().Value(document))
	if comment.HasClosure() {
		said += string(comment.ClosureLine.Value(document))
	}
	said = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(said), "<!--"), "-->"))
	rest, ok := strings.CutPrefix(said, directive)
	if !ok {
		return direction{}, nil
	}
	var d direction
	for clause := range strings.SplitSeq(rest, ",") {
		word, argument, _ := strings.Cut(strings.TrimSpace(clause), " ")
		switch m := manner(word); {
		case word == "like" && argument == "":
			d.like = true
		case m == skip:
			if argument == "" {
				return d, fmt.Errorf("%s skip: say why", directive)
			}
			return direction{manner: skip}, nil // what follows a comma is the reason still
		case m == wait || m == stays:
			within, err := time.ParseDuration(argument)
			if err != nil || within <= 0 {
				return d, fmt.Errorf("%s %s %s: say how long, as in %s 30s", directive, word, argument, word)
			}
			d.manner, d.within = m, within
		default:
			return d, fmt.Errorf("%s %s: there are like, wait, stays and skip", directive, word)
		}
	}
	return d, nil
}

// parseCommands reads the lines of a block, of which the first is line number first of the document.
func parseCommands(lines string, first int) ([]Command, error) {
	var commands []Command
	continued := false
	for i, line := range strings.Split(strings.TrimSuffix(lines, "\n"), "\n") {
		typed, isCommand := strings.CutPrefix(line, prompt)
		switch {
		case continued:
			last := &commands[len(commands)-1]
			last.Text += "\n" + line
			continued = strings.HasSuffix(line, `\`)
		case isCommand:
			commands = append(commands, Command{Line: first + i, Text: typed})
			continued = strings.HasSuffix(typed, `\`)
		case len(commands) == 0:
			return nil, fmt.Errorf("line %d: a block of %s begins with a command, %q and what is typed", first+i, Language, prompt)
		default:
			commands[len(commands)-1].Want += line + "\n"
		}
	}
	return commands, nil
}
