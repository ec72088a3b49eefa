package transcript

import (
	"fmt"
	"regexp"
	"strings"
)

// anything stands for what a document does not tell.
const anything = "…"

// figures are what another run has others of.
var figures = regexp.MustCompile(`\d+(?:\\\.\d+)?| +`)

// match says whether got, the output of a command, is what the document shows. A last line without its newline counts
// as a line, as in a terminal. With like, figures may be others.
func match(want, got string, like bool) bool {
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
			part = regexp.QuoteMeta(part)
			if like {
				part = figures.ReplaceAllStringFunc(part, alike)
			}
			pattern.WriteString(part)
		}
	}
	pattern.WriteString(`\z`)
	return regexp.MustCompile(pattern.String()).MatchString(got)
}

// alike is the pattern of figures that count as the same as this one: spaces, or a number whose point is quoted.
func alike(figure string) string {
	if figure[0] == ' ' {
		return ` +`
	}
	digits, _, _ := strings.Cut(figure, `\.`)
	return fmt.Sprintf(`\d{%d}(?:\.\d+)?`, len(digits))
}
