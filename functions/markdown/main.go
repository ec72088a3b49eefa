// Command markdown is a sample function that renders Markdown on its standard input as HTML that any page may show.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	source, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = render(os.Stdout, source)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "markdown:", err)
		os.Exit(1)
	}
}
