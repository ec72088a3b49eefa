package samples

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"faas/e2e/transcript"
)

// System is where the functions run.
type System struct {
	// Root is the root of the repository, with the programs of `make build` in bin.
	Root string
	// Gateway is the URL of the gateway, which has FAAS_INTENTS set to true.
	Gateway string
	// Outside is what the functions reach in place of the world.
	Outside *Outside
}

// Names lists the samples: the folders of functions/ but for libraries, which are Go and no program.
func Names(root string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(root, "functions"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		library := exists(root, "functions", e.Name(), "doc.go") && !exists(root, "functions", e.Name(), "main.go")
		if e.IsDir() && !library {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func exists(parts ...string) bool {
	_, err := os.Stat(filepath.Join(parts...))
	return err == nil
}

// Intents is the document of the samples for Alexa, which shows a gateway with FAAS_INTENTS set to true.
const Intents = "docs/alexa.md"

// Test types what the README of each sample shows, and Intents.
func Test(t *testing.T, s System) {
	t.Helper()
	names, err := Names(s.Root)
	if err != nil || len(names) == 0 {
		t.Fatalf("the samples are %v, %v", names, err)
	}
	t.Run("intents", func(t *testing.T) {
		t.Parallel()
		s.run(t, Intents)
	})
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.run(t, filepath.Join("functions", name, "README.md"))
			if name == "changecolor" && !t.Failed() {
				s.wantMessage(t, `{"r":0,"g":128,"b":128}`) // teal
			}
		})
	}
}

// run types what a document shows. What it keeps in /tmp is the test's own.
func (s System) run(t *testing.T, document string) {
	t.Helper()
	gateway, err := url.Parse(s.Gateway)
	if err == nil {
		err = transcript.Run(t.Context(), filepath.Join(s.Root, document), transcript.Options{
			Dir: s.Root, Replace: []string{"127.0.0.1:8080", gateway.Host, "/tmp/", t.TempDir() + "/"}, Log: t.Logf,
		})
	}
	if err != nil {
		t.Error(err)
	}
}

// wantMessage wants the broker to have passed on this message and no other.
func (s System) wantMessage(t *testing.T, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case got := <-s.Outside.Messages:
		if got != want {
			t.Errorf("the light is told %s, want %s", got, want)
		}
	case <-ctx.Done():
		t.Error("the light is told nothing")
	}
	select {
	case more := <-s.Outside.Messages:
		t.Errorf("the light is told %s as well", more)
	default:
	}
}

// Environment reads the variables that a Dockerfile sets for the function itself.
func Environment(dockerfile string) (map[string]string, error) {
	text, err := os.ReadFile(dockerfile)
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, "ENV ")
		if !ok {
			continue
		}
		for _, one := range words(strings.TrimSpace(rest)) {
			name, value, ok := strings.Cut(one, "=")
			if !ok {
				return nil, fmt.Errorf("%s: ENV %s: write NAME=VALUE", dockerfile, one)
			}
			env[name] = value
		}
	}
	return env, nil
}

// words splits a line at the spaces that are not between double quotes, and leaves out the quotes.
func words(line string) []string {
	quoted := false
	split := strings.FieldsFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
	for i := range split {
		split[i] = strings.ReplaceAll(split[i], `"`, "")
	}
	return slices.DeleteFunc(split, func(word string) bool { return word == "" })
}
