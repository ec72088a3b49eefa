package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

func TestHostname(t *testing.T) {
	request, err := os.ReadFile("request.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		err       error
		text, log string
	}{
		{"known", nil, "The name of this machine is node-1.", ""},
		{"unknown", errors.New("no kernel"), "I do not know the name of this machine.", "hostnameintent: ask for the host name: no kernel\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, log strings.Builder
			code := skill(func() (string, error) { return "node-1", c.err }).Serve(t.Context(), bytes.NewReader(request), &out, &log)
			want := `{"version":"1.0","response":{"outputSpeech":{"type":"PlainText","text":"` + c.text + `"},"shouldEndSession":true}}` + "\n"
			if code != 0 || out.String() != want || log.String() != c.log {
				t.Errorf("code %d, %s, log %q", code, &out, &log)
			}
		})
	}
}
