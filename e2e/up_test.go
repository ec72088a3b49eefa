package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// inDir has this program be the owner of a system and not a test: it starts one in that directory and ends
// without a word, as a test that panics on its time limit does.
const inDir = "E2E_OWNER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(inDir); dir != "" {
		if _, err := Start(context.Background(), Options{Bin: dir, Dir: filepath.Join(dir, "run")}); err != nil {
			fmt.Println(err)
		}
		fmt.Println("running", len(processesUnder(dir)))
		os.Exit(3)
	}
	os.Exit(m.Run())
}

func TestSystemEndsWithItsOwner(t *testing.T) {
	dir := t.TempDir()
	faas := "#!/bin/sh\necho '{}' > \"$3/addresses.json\"\nexec sleep 300\n"
	if err := os.MkdirAll(filepath.Join(dir, "run", "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "faas"), []byte(faas), 0o700); err != nil {
		t.Fatal(err)
	}
	owner := exec.CommandContext(t.Context(), os.Args[0])
	owner.Env = append(os.Environ(), inDir+"="+dir)
	out, _ := owner.CombinedOutput() // it ends with 3
	if !strings.Contains(string(out), "running 1\n") {
		t.Fatalf("the owner printed %s", out)
	}
	if err := (&Up{opts: Options{Dir: dir}}).waitNothingLeft(); err != nil {
		t.Error(err)
	}
}
