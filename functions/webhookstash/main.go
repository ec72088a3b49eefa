// Command webhookstash is a sample function that keeps what it is sent: each body becomes a file of its own, whose name it answers.
package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

func main() {
	dir := cmp.Or(os.Getenv("stash_dir"), filepath.Join(os.TempDir(), "webhookstash"))
	name, err := stash(os.Stdin, dir, time.Now())
	if err != nil {
		fmt.Fprintln(os.Stderr, "webhookstash:", err)
		os.Exit(1)
	}
	fmt.Println("Stashed webhook:", name)
}
