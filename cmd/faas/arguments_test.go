package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/internal/httperr"
)

func TestGlued(t *testing.T) {
	for args, want := range map[string]string{
		"scale set a --target -3":           "scale set a --target=-3",
		"scale set a --target -.5 --min -3": "scale set a --target=-.5 --min=-3",
		"rehearse --decisions -1 -o json":   "rehearse --decisions=-1 -o json",
		"scale set a --target=3 -3":         "scale set a --target=3 -3",
		"scale set a --zero --min 3":        "scale set a --zero --min 3",
		"scale set -- --target -3":          "scale set -- --target -3",
		"-3":                                "-3",
	} {
		if diff := cmp.Diff(strings.Fields(want), glued(strings.Fields(args))); diff != "" {
			t.Errorf("%s: %s", args, diff)
		}
	}
}

func TestWithHelp(t *testing.T) {
	for args, want := range map[string]string{
		"": "--help", "help": "--help", "help scale set": "scale set --help", "list": "list", "invoke help": "invoke help",
	} {
		if diff := cmp.Diff(strings.Fields(want), withHelp(strings.Fields(args))); diff != "" {
			t.Errorf("%s: %s", args, diff)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{"90m": 90 * time.Minute, "10": 0, "soon": 0} {
		var cli commands
		_, err := parser(&cli).Parse([]string{"scale", "freeze", "a", "--for", text})
		if want > 0 && (err != nil || cli.Scale.Freeze.For != want) {
			t.Errorf("%s: %s, %v", text, cli.Scale.Freeze.For, err)
		}
		if told := `--for: "` + text + `" is no time: write it with its unit, such as 10s, 10m or 1h30m`; want == 0 && (err == nil || err.Error() != told) {
			t.Errorf("got  %v\nwant %s", err, told)
		}
	}
}

// TestUnknownFunction holds that each command says of a wrong name what it was to do, and which names there are.
func TestUnknownFunction(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/system/functions" {
			_, _ = io.WriteString(w, `[{"name":"echo"}]`) // a client that left is no news
			return
		}
		httperr.Refuse(w, http.StatusNotFound, `explain scaling: function "ehco" does not exist`)
	}))
	defer server.Close()
	for args, doing := range map[string]string{
		"set ehco --min=1": "set", "explain ehco": "explain", "explain ehco -o json": "explain", "freeze ehco": "freeze", "unfreeze ehco": "unfreeze",
	} {
		var cli commands
		command, err := parser(&cli).Parse(append(append([]string{"scale"}, strings.Fields(args)...), "--gateway="+server.URL, "--data="+t.TempDir()))
		if err == nil {
			err = command.Run()
		}
		if want := doing + ": there is no function ehco; there are echo"; err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", args, err, want)
		}
	}
}
