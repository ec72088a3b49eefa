package main

import (
	"strings"
	"unicode"

	"golang.org/x/image/colornames"
)

// rgb is a colour as the light takes it.
type rgb struct {
	R uint8 `json:"r"`
	G uint8 `json:"g"`
	B uint8 `json:"b"`
}

// colour returns the colour that CSS has by a name, however it is spelt: light blue, Light-Blue and lightblue are one.
func colour(name string) (rgb, bool) {
	plain := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
	c, ok := colornames.Map[plain]
	return rgb{c.R, c.G, c.B}, ok
}
