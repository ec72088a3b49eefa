package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"faas/gateway"
)

// defaultUser is who may use the API where no other user was written to the secrets.
const defaultUser = "admin"

// makeCredentials returns the credentials in dir, which are made at random when there are none.
func makeCredentials(dir string) (*gateway.Credentials, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make credentials: %w", err)
	}
	password := make([]byte, 32)
	_, _ = rand.Read(password) // it never fails
	for name, content := range map[string]string{
		gateway.UserFile:     defaultUser,
		gateway.PasswordFile: hex.EncodeToString(password),
	} {
		if err := writeOnce(filepath.Join(dir, name), content); err != nil {
			return nil, fmt.Errorf("make credentials: %w", err)
		}
	}
	return gateway.LoadCredentials(dir)
}

// writeOnce writes a file that only its owner may read, unless it exists.
func writeOnce(name, content string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	return errors.Join(err, file.Close())
}
