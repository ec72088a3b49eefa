package stack

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func lookupTest(name string) (string, bool) {
	value, ok := map[string]string{"A": "one", "EMPTY": "", "EVIL": "x\n  b: {fprocess: evil}"}[name]
	return value, ok
}

func TestExpandText(t *testing.T) {
	for text, want := range map[string]string{
		"plain $A $$ $1":             "plain $A $$ $1",
		"${A}/x:${TAG:-latest}":      "one/x:latest",
		"${NONE}|${EMPTY}":           "|",
		"${EMPTY:-d}|${EMPTY-d}":     "d|",
		"${NONE-d}|${NONE:=d}":       "d|d",
		"${A:+set}|${NONE:+set}":     "set|",
		"${EMPTY+set}|${EMPTY:+set}": "set|",
		"${NONE:-${A}-${B:-two}}":    "one-two",
		"$${A} and $${#x}":           "${A} and ${#x}",
		"${NONE:-http://a:1/}":       "http://a:1/",
	} {
		if got, err := expandText(text, lookupTest); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"${A", "${#A}", "${}", "x ${A^^}", "${NONE:-${A}"} {
		if got, err := expandText(text, lookupTest); err == nil || !strings.Contains(err.Error(), "$${") {
			t.Errorf("%s: got %q, %v", text, got, err)
		}
	}
}

func TestVariablesInStack(t *testing.T) {
	s, err := Parse("s.yml", []byte(`
provider: {gateway: "${GW:-http://127.0.0.1:1}"} # ${#not read}
functions:
  ${A}:
    lang: go
    image: ${NONE:-reg}/${A}:1
    environment: ${NONE}
    fprocess: ${EVIL}
    skip_build: ${NONE:-true}
    build_args: {X: "${A}"}
`), lookupTest)
	if err != nil {
		t.Fatal(err)
	}
	f, ok := s.Functions["one"]
	if !ok || len(s.Functions) != 1 || s.Gateway != "http://127.0.0.1:1" {
		t.Fatalf("%+v", s)
	}
	if f.Image != "reg/one:1" || f.Env != nil || !f.SkipBuild || f.Process != "x\n  b: {fprocess: evil}" || f.LocalProcess() != "go run ." {
		t.Errorf("%+v", f)
	}
	if diff := cmp.Diff(map[string]string{"X": "one"}, f.BuildArgs); diff != "" {
		t.Error(diff)
	}
	_, err = Parse("s.yml", []byte("functions:\n  a:\n    image: ${a^^}\n"), lookupTest)
	want := `s.yml:3: "${a^^}": write ${NAME} or ${NAME:-default} for a variable, and $${ for a plain ${`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func FuzzExpandText(f *testing.F) {
	f.Add("${A:-${B}} $${")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := expandText(text, lookupTest)
		if err == nil && !strings.Contains(text, "${") && got != text {
			t.Errorf("%q became %q", text, got)
		}
	})
}
