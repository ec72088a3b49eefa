package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var built embed.FS

// Dist returns what is served: index.html, and hashed files under assets/.
func Dist() fs.FS {
	dist, err := fs.Sub(built, "dist")
	if err != nil {
		panic(err) // the name is a valid one
	}
	return dist
}
