package stock

import (
	"strings"
	"testing"
)

// An answer without what a client follows blindly must be a failure here.
func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name, text, failure string
	}{
		{"whole", `{"a":{"b":1},"c":"x","d":0,"e":{},"more":null}`, ""},
		{"missing", `{"a":{},"c":"x","d":0,"e":{}}`, "a.b is missing"},
		{"no object", `{"a":[],"c":"x","d":0,"e":{}}`, "a.b: no object"},
		{"null", `{"a":{"b":1},"c":"x","d":0,"e":null}`, "e is null"},
		{"empty", `{"a":{"b":1},"c":"","d":0,"e":{}}`, `c is ""`},
		{"no JSON", `<html>`, "decode"},
	} {
		err := decode([]byte(c.text), &struct{}{}, "a.b", "c", "d", "e")
		if (err == nil) != (c.failure == "") || (err != nil && !strings.Contains(err.Error(), c.failure)) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.failure)
		}
	}
	for text, failure := range map[string]string{`[]`: "", `[{"name":"a"}]`: "", `null`: "the list is null", `[{}]`: "entry 0", `{}`: "decode"} {
		_, err := decodeList[Secret]([]byte(text), "name")
		if (err == nil) != (failure == "") || (err != nil && !strings.Contains(err.Error(), failure)) {
			t.Errorf("%s: %v, want an error with %q", text, err, failure)
		}
	}
}
