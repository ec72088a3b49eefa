// Package logtext has what both backends do to the text of a replica's log.
package logtext

import "unicode/utf8"

// Whole is how many bytes of text there are without the beginning of a character at its end: long lines are cut there.
func Whole(text []byte) int {
	for n := 1; n < utf8.UTFMax && n < len(text); n++ {
		if last := text[len(text)-n:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return len(text) - n
			}
			break
		}
	}
	return len(text)
}
