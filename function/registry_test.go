package function

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

func TestParseRegistryAuth(t *testing.T) {
	encode := base64.StdEncoding.EncodeToString
	for _, test := range []struct {
		name, auth, user, password string
		good                       bool
	}{
		{"user and password", encode([]byte("ann:open")), "ann", "open", true},
		{"a password with colons", encode([]byte("ann:a:b")), "ann", "a:b", true},
		{"no base64", "ann:open", "", "", false},
		{"no password", encode([]byte("ann:")), "", "", false},
		{"no user", encode([]byte(":open")), "", "", false},
		{"no colon", encode([]byte("annopen")), "", "", false},
		{"empty", "", "", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			user, password, err := ParseRegistryAuth(test.auth)
			if user != test.user || password != test.password || (err == nil) != test.good {
				t.Errorf("got %q, %q, %v", user, password, err)
			}
			if err == nil {
				return
			}
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("error %v, want one of kind invalid", err)
			}
			if test.auth != "" && strings.Contains(err.Error(), test.auth) {
				t.Errorf("error %q shows the secret", err)
			}
		})
	}
}
