package function

import (
	"slices"
	"strings"
)

// MaxSecretSize is the largest value of a secret in bytes: what Docker Swarm takes, which is less than 500 KiB.
const MaxSecretSize = 500<<10 - 1

// maxSecretName is that of Docker Swarm.
const maxSecretName = 64

// Secret is a value that functions which name it may read, in a file of its name.
type Secret struct {
	Name string
	// Value is never shown or logged once it was given to a backend.
	Value []byte `json:"-"`
}

// Validate reports, with kind ErrInvalid, why s cannot be kept.
func (s Secret) Validate() error {
	if err := ValidateSecretName(s.Name); err != nil {
		return err
	}
	switch n := len(s.Value); {
	case n == 0:
		return Invalidf("secret %s has no value: send value, or rawValue in base64", s.Name)
	case n > MaxSecretSize:
		return Invalidf("secret %s has %d bytes: at most %d are kept", s.Name, n, MaxSecretSize)
	}
	return nil
}

// Clone returns a deep copy of s.
func (s Secret) Clone() Secret {
	s.Value = slices.Clone(s.Value)
	return s
}

// ValidateSecretNames is ValidateSecretName of the first of names that cannot be one.
func ValidateSecretNames(names []string) error {
	for _, name := range names {
		if err := ValidateSecretName(name); err != nil {
			return err
		}
	}
	return nil
}

// ValidateSecretName reports, with kind ErrInvalid, why name cannot be a secret's. It becomes the name of a file.
func ValidateSecretName(name string) error {
	switch {
	case name == "":
		return Invalidf("secret name is missing: give 1 to %d letters, digits, '-', '_' or '.'", maxSecretName)
	case len(name) > maxSecretName:
		return Invalidf("secret name %.20q… has %d characters: at most %d are allowed", name, len(name), maxSecretName)
	case !namePattern.MatchString(name), strings.ContainsAny(name[len(name)-1:], "-_."):
		return Invalidf("secret name %q: use letters, digits, '-', '_' and '.', starting and ending with a letter or digit", name)
	}
	return nil
}
