package function

import (
	"errors"
	"strings"
	"testing"
)

func TestValidateName(t *testing.T) {
	tests := []struct {
		name string
		// want is a piece of the error. Empty: the name is good.
		want string
	}{
		{"resize", ""},
		{"a", ""},
		{"0-day", ""},
		{"func_Resize.v2", ""},
		{strings.Repeat("a", 63), ""},
		{"openfaas-fn", ""},
		{"", "is missing"},
		{strings.Repeat("a", 64), "has 64 characters"},
		{"-a", "starting with a letter or digit"},
		{".a", "starting with"},
		{"_a", "starting with"},
		{"a/b", "use letters"},
		{"a b", "use letters"},
		{"a\n", "use letters"},
		{"ä", "use letters"},
		{"resize.openfaas-fn", "leave out the namespace"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := ValidateName(tt.name)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one of kind invalid with %q", err, tt.want)
			}
		})
	}
}

func TestTrimNamespace(t *testing.T) {
	for in, want := range map[string]string{
		"resize": "resize", "resize.openfaas-fn": "resize", "resize.other": "resize.other", ".openfaas-fn": "", "": "",
	} {
		if got := TrimNamespace(in); got != want {
			t.Errorf("TrimNamespace(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzName(f *testing.F) {
	for _, in := range []string{"resize", "a.openfaas-fn", "", "..", "a/../b", "a\x00", "ä", strings.Repeat("x", 64)} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		err := ValidateName(in)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("error of another kind: %v", err)
			}
			return
		}
		if len(in) > maxNameLength || strings.ContainsAny(in, "/\\%?# \x00\n") || strings.HasPrefix(in, ".") {
			t.Errorf("%q is taken for a name, but is none for a path or a host", in)
		}
		if got := TrimNamespace(in + "." + Namespace); got != in {
			t.Errorf("with the namespace %q becomes %q", in, got)
		}
	})
}
