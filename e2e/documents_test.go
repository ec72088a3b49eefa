package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"faas/e2e/transcript"
)

// TestHowTos types what the how-tos show, each on a system of its own with the sample functions.
func TestHowTos(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"secrets.md", "troubleshooting.md"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sys, err := Start(t.Context(), Options{
				Bin: binaries(t), Dir: t.TempDir(), Stack: stack(), Flags: []string{"--stack", filepath.Join(root, "functions", "stack.yml")},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := sys.Stop(); err != nil {
					t.Errorf("stop: %v", err)
				}
			})
			err = transcript.Run(t.Context(), filepath.Join(root, "docs", "howto", name), transcript.Options{
				Dir: root, Env: append(os.Environ(), "FAAS_DATA="+sys.Data()), Log: t.Logf,
				Replace: []string{"http://127.0.0.1:8080", sys.Gateway(), ".faas/secrets", filepath.Join(sys.Data(), "secrets"), "hey.out", filepath.Join(sys.Data(), "hey.out")},
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
