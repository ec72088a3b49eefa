package docs

import (
	"fmt"
	"path/filepath"
	"testing"

	"faas/e2e/transcript"
)

// documents are typed in parallel. Each is at an address of this machine's own network, where its ports are free.
var documents = []string{
	"docs/tutorial.md", "docs/own-function.md", "docs/howto/secrets.md", "docs/howto/troubleshooting.md",
}

func TestDocuments(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range documents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, host := t.TempDir(), fmt.Sprintf("127.65.0.%d", i+1)
			if err := Checkout(t.Context(), root, dir); err != nil {
				t.Fatal(err)
			}
			made, err := MadeAs(t.Context(), filepath.Join(dir, "bin"))
			if err != nil {
				t.Fatal(err)
			}
			o := transcript.Options{Dir: dir, Env: []string{made}, Replace: []string{"127.0.0.1:", host + ":"}, Log: t.Logf}
			for variable, port := range map[string]int{
				"FAAS_LISTEN": 8080, "FAAS_METRICS_LISTEN": 8082, "FAAS_PROMETHEUS_LISTEN": 9090, "FAAS_ALERTMANAGER_LISTEN": 9093,
			} {
				o.Env = append(o.Env, fmt.Sprintf("%s=%s:%d", variable, host, port))
			}
			if err := transcript.Run(t.Context(), filepath.Join(root, name), o); err != nil {
				t.Error(err)
			}
		})
	}
}
