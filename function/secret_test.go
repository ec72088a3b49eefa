package function

import (
	"errors"
	"strings"
	"testing"
)

func TestSecretValidate(t *testing.T) {
	tests := []struct {
		name   string
		secret Secret
		want   string // a part of the error; empty: none
	}{
		{"fine", Secret{"api-key.v1", []byte("x")}, ""},
		{"no name", Secret{"", []byte("x")}, "name is missing"},
		{"a path", Secret{"../passwd", []byte("x")}, "use letters"},
		{"a hidden file", Secret{".x", []byte("x")}, "use letters"},
		{"a line's end", Secret{"x\n", []byte("x")}, "use letters"},
		{"a long name", Secret{strings.Repeat("x", 65), []byte("x")}, "65 characters"},
		{"an end that Docker refuses", Secret{"key.", []byte("x")}, "ending with a letter"},
		{"no value", Secret{"x", nil}, "send value, or rawValue"},
		{"a large value", Secret{"x", make([]byte, MaxSecretSize+1)}, "512000 bytes: at most 511999"},
		{"the largest value", Secret{"x", make([]byte, MaxSecretSize)}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.secret.Validate()
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one of kind %q with %q", err, ErrInvalid, tt.want)
			}
		})
	}
}
