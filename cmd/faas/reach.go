package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"faas/gateway"
)

// Where `faas up` puts things unless it is told otherwise.
const (
	defaultGateway = "http://127.0.0.1:8080"
	defaultMetrics = "http://127.0.0.1:8082"
	defaultData    = ".faas"
)

// gatewayFlags say where the gateway is that a command asks, and who asks.
type gatewayFlags struct {
	Data         string `default:"${data}" placeholder:"DIR" env:"FAAS_DATA" help:"Directory in which faas up keeps its data, where the addresses and the password are (default ${default})."`
	Gateway      string `placeholder:"URL" env:"FAAS_GATEWAY" help:"The gateway. Default: that of the stack file, that of the environment variable OPENFAAS_URL, that of faas up, else ${gateway_url}."`
	User         string `default:"${user}" env:"FAAS_USER" help:"User for the gateway (default ${default})."`
	PasswordFile string `placeholder:"FILE" env:"FAAS_PASSWORD_FILE" help:"File with the password. Default: secrets/basic-auth-password in --data when it is there."`

	ofStack string // what a stack file names as its gateway
}

// url is the gateway that was given or, where none was, that of faas up.
func (c *gatewayFlags) url() string {
	given := c.given()
	if given == "" {
		if a, err := readAddresses(c.Data); err == nil {
			return "http://" + a.Gateway
		}
	}
	return strings.TrimRight(cmp.Or(given, defaultGateway), "/")
}

// given is the gateway that somebody named, in the order of OpenFaaS's client: the default address in a stack file, which
// all have, is nobody's wish. Empty: nobody named one.
func (c *gatewayFlags) given() string {
	ofStack := strings.TrimRight(c.ofStack, "/")
	if ofStack == defaultGateway || ofStack == "http://localhost:8080" {
		ofStack = ""
	}
	url := cmp.Or(c.Gateway, ofStack, os.Getenv("OPENFAAS_URL"))
	if url != "" && !strings.Contains(url, "://") {
		url = "http://" + url
	}
	return url
}

func (c *gatewayFlags) passwordFile() string {
	return cmp.Or(c.PasswordFile, filepath.Join(c.Data, "secrets", gateway.PasswordFile))
}

func (c *gatewayFlags) password() (string, error) {
	text, err := os.ReadFile(c.passwordFile())
	if errors.Is(err, fs.ErrNotExist) && c.PasswordFile == "" {
		return "", nil // the gateway tells if it wants one
	}
	if err != nil {
		return "", fmt.Errorf("--password-file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// refused adds to err where the password came from, or where it was looked for.
func (c *gatewayFlags) refused(err error, sent bool) error {
	if sent {
		return fmt.Errorf("%w (it was user %s with the password in %s)", err, c.User, c.passwordFile())
	}
	return fmt.Errorf("%w (there is no password in %s)", err, c.passwordFile())
}
