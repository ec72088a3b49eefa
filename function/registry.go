package function

import (
	"encoding/base64"
	"strings"
)

// ParseRegistryAuth reads a registry's credentials as Docker's configuration file has them and old clients send
// them: user:password in base64. The error, of kind ErrInvalid, shows nothing of s.
func ParseRegistryAuth(s string) (user, password string, err error) {
	plain, err := base64.StdEncoding.DecodeString(s)
	user, password, ok := strings.Cut(string(plain), ":")
	if err != nil || !ok || user == "" || password == "" {
		return "", "", Invalidf("registryAuth: send user:password in base64, as the auth of Docker's config.json has it")
	}
	return user, password, nil
}
