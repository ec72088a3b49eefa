package scaffold

import (
	"fmt"
	"os"
	"strings"

	"faas/internal/stack"
)

// begin prepares to write a stack file of a function's own.
func begin(file, text string) (write func() error, err error) {
	if _, err := stack.Parse(file, []byte(text), os.LookupEnv); err != nil {
		return nil, fmt.Errorf("what would be in it cannot be read again: %w", err)
	}
	return func() error { return os.WriteFile(file, []byte(text), 0o644) }, nil //nolint:gosec // source is no secret
}

// extend prepares to write entry to the end of a stack file, whose comments and order stay as they are.
func extend(file, entry string) (write func() error, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("add to the stack file: %w", err)
	}
	before, err := stack.Parse(file, text, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	whole := strings.TrimRight(string(text), "\n") + "\n\n" + entry
	after, err := stack.Parse(file, []byte(whole), os.LookupEnv)
	if err != nil || len(after.Functions) != len(before.Functions)+1 {
		return nil, fmt.Errorf("%s: an entry at its end would not be one of functions, or one of that name is there already. Write it yourself, indented as the others:\n%s", file, entry)
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	return func() error { return os.WriteFile(file, []byte(whole), info.Mode().Perm()) }, nil
}
