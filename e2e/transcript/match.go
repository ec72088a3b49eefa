package transcript

import (
	"regexp"
	"strings"
)

// anything stands for what a document does not tell.
const anything = "…"

// match says whether got, the output of a command, is what the document shows. A last line without its newline counts
// as a line, as in a terminal.
func match(want, got string) bool {
	if got != "" && !strings.HasSuffix(got, "\n") {
		got += "\n"
	}
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	for line := range strings.Lines(want) {
		if strings.TrimSuffix(line, "\n") == anything {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		for i, part := range strings.Split(line, anything) {
			if i > 0 {
				pattern.WriteString(`.*`)
			}
			pattern.WriteString(regexp.QuoteMeta(part))
		}
	}
	pattern.WriteString(`\z`)
	return regexp.MustCompile(pattern.String()).MatchString(got)
}
