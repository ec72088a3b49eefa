package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"faas/gateway"
	"faas/internal/supervise"
)

// Where `faas up` puts things unless it is told otherwise.
const (
	defaultGateway = "http://127.0.0.1:8080"
	defaultMetrics = "http://127.0.0.1:8082"
	defaultData    = ".faas"
)

// gatewayFlags say where the gateway is that a command asks, and who asks.
type gatewayFlags struct {
	Data         string `default:"${data}" placeholder:"DIR" env:"FAAS_DATA" help:"Directory in which faas up keeps its data, where the addresses and the password are (default ${default}, of this directory or the nearest above it)."`
	Gateway      string `placeholder:"URL" env:"FAAS_GATEWAY" help:"The gateway. Default: that of the stack file, that of the environment variable OPENFAAS_URL, that of faas up, else ${gateway_url}."`
	User         string `default:"${user}" env:"FAAS_USER" help:"User for the gateway (default ${default})."`
	PasswordFile string `placeholder:"FILE" env:"FAAS_PASSWORD_FILE" help:"File with the password. Default, for a gateway of this machine: secrets/basic-auth-password in --data when it is there."`

	ofStack string // what a stack file names as its gateway
}

// url is the gateway that was given or, where none was, that of faas up.
func (c *gatewayFlags) url() string {
	given := c.given()
	if given == "" {
		if a, err := readAddresses(c.dataDir()); err == nil {
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
	given := cmp.Or(c.Gateway, ofStack, os.Getenv("OPENFAAS_URL"))
	if given != "" && !strings.Contains(given, "://") {
		given = "http://" + given
	}
	return given
}

// dataDir is --data. Where nobody named one, the nearest of this directory and of those above it counts that has one of this user.
func (c *gatewayFlags) dataDir() string {
	at, err := os.Getwd()
	if c.Data != defaultData || err != nil {
		return c.Data
	}
	for {
		dir := filepath.Join(at, defaultData)
		if info, err := os.Stat(dir); err == nil && info.IsDir() && ownedByUser(info) {
			return dir
		}
		above := filepath.Dir(at)
		if above == at {
			return c.Data
		}
		at = above
	}
}

// ownedByUser reports whether a file is the user's: what somebody else put above this directory is not listened to.
func ownedByUser(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}

func (c *gatewayFlags) passwordFile() string {
	return cmp.Or(c.PasswordFile, filepath.Join(c.dataDir(), "secrets", gateway.PasswordFile))
}

// password is that of --password-file, else that in --data where the gateway is ours. Empty: none, and the gateway tells if it
// wants one.
func (c *gatewayFlags) password() (string, error) {
	if c.PasswordFile == "" && !c.ours() {
		return "", nil
	}
	text, err := os.ReadFile(c.passwordFile())
	if errors.Is(err, fs.ErrNotExist) && c.PasswordFile == "" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("--password-file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// ours reports whether the gateway is that of the faas up that keeps its data in --data, or another of this machine. The
// password there is nobody else's, whatever a stack file names as its gateway.
func (c *gatewayFlags) ours() bool {
	at, err := url.Parse(c.url())
	if err != nil {
		return false
	}
	a, err := readAddresses(c.dataDir())
	return err == nil && at.Host == a.Gateway || loopback(at)
}

// loopback reports whether a gateway is one of this machine.
func loopback(at *url.URL) bool {
	return supervise.Loopback(net.JoinHostPort(at.Hostname(), at.Port()))
}

// refused adds to err where the password came from, or where it was looked for.
func (c *gatewayFlags) refused(err error, sent bool) error {
	if sent {
		return fmt.Errorf("%w (it was user %s with the password in %s)", err, c.User, c.passwordFile())
	}
	if c.PasswordFile == "" && !c.ours() {
		return fmt.Errorf("%w (none was sent to %s: --password-file names the file with its password)", err, c.url())
	}
	return fmt.Errorf("%w (there is no password in %s: --data names the directory of faas up, --password-file a file)", err, c.passwordFile())
}
