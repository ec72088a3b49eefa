package function

import (
	"regexp"
	"strings"
)

// Namespace is the one namespace there is. Stock clients name it in paths and query strings.
const Namespace = "openfaas-fn"

// maxNameLength is that of a DNS label, since Swarm makes a service's name one.
const maxNameLength = 63

var namePattern = regexp.MustCompile(`^[a-zA-Z0-9][-a-zA-Z0-9_.]*$`)

// ValidateName reports, with kind ErrInvalid, why name cannot be a function's.
func ValidateName(name string) error {
	switch {
	case name == "":
		return Invalidf("function name is missing: give 1 to %d letters, digits, '-', '_' or '.'", maxNameLength)
	case len(name) > maxNameLength:
		return Invalidf("function name %.20q… has %d characters: at most %d are allowed", name, len(name), maxNameLength)
	case !namePattern.MatchString(name):
		return Invalidf("function name %q: use letters, digits, '-', '_' and '.', starting with a letter or digit", name)
	case strings.HasSuffix(name, "."+Namespace):
		return Invalidf("function name %q: leave out the namespace %q", name, Namespace)
	}
	return nil
}

// TrimNamespace turns NAME.openfaas-fn, which stock clients send, into NAME.
func TrimNamespace(name string) string {
	return strings.TrimSuffix(name, "."+Namespace)
}

func validateEnvName(name string) error {
	if name == "" || strings.ContainsAny(name, "=\x00") {
		return Invalidf("environment variable name %q: it must not be empty or hold '='", name)
	}
	return nil
}
