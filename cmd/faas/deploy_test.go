package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/api"
)

// TestDeployTellsWhatBlocks waits for a function that cannot start.
func TestDeployTellsWhatBlocks(t *testing.T) {
	const (
		syntax = `f replica 1: does not start: exit status 1: File "handler.py", line 4 | SyntaxError: '(' was never closed`
		image  = "replica 1 ends again and again: No such image: x/f:latest"
		logs   = "; `faas logs f` shows what it writes"
	)
	for _, c := range []struct {
		name, blocked, wait string
		giveUp              bool
		said, want          string
	}{
		{"a mistake", syntax, "600ms", false, "f: blocked: " + syntax + "\n", "f is not ready after 600ms: blocked: " + syntax + logs},
		{"a mistake while files are watched", syntax, "1h", true, "", "f: blocked: " + syntax + "; `faas logs f` shows all that it writes"},
		{
			"no image", image, "100ms", false, "f: blocked: " + image + "\n",
			"f is not ready after 100ms: blocked: " + image + logs + ". No node has the image: " +
				"`faas deploy --build --load` puts it there on a Swarm of one node, `--build --push` into a registry",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(api.FunctionStatus{Name: "f", Replicas: 1, AvailableReplicas: 1, StartingReplicas: 1, Blocked: c.blocked})
			}))
			defer g.Close()
			wait, err := time.ParseDuration(c.wait)
			if err != nil {
				t.Fatal(err)
			}
			d := deployCommand{gatewayFlags: gatewayFlags{Gateway: g.URL, Data: t.TempDir()}, Wait: wait}
			var said strings.Builder
			err = d.await(t.Context(), &deployedFunction{Function: "f", Change: "updated"}, c.giveUp, &said)
			if err == nil {
				t.Fatal("it is ready")
			}
			if diff := cmp.Diff([]string{c.said, c.want}, []string{said.String(), err.Error()}); diff != "" {
				t.Errorf("said, error (-want +got):\n%s", diff)
			}
		})
	}
}
