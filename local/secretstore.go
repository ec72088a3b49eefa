package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"faas/function"
)

// secretMode lets nobody but the owner read a secret, and nobody write it.
const secretMode = 0o400

// secretStore keeps the values of secrets, each in a file of its name that is only ever replaced whole, and
// gives each replica a directory with copies of those that it may read. All paths go through an os.Root, so that
// no name leads out of the two directories.
type secretStore struct {
	values string // the directory of the values
	copies string // the directory of the replicas' directories
}

func newSecretStore(dataDir string) *secretStore {
	return &secretStore{
		values: filepath.Join(dataDir, "function-secrets"), copies: filepath.Join(dataDir, "replica-secrets"),
	}
}

// load returns the names of the secrets that there are, and takes away what an earlier run could not: copies of
// replicas that ended with it, and values that were being written.
func (s *secretStore) load() ([]string, error) {
	if err := os.RemoveAll(s.copies); err != nil {
		return nil, fmt.Errorf("remove old copies of secrets: %w", err)
	}
	root, err := openDir(s.values)
	if err != nil {
		return nil, fmt.Errorf("read the secrets: %w", err)
	}
	defer closeDir(root)
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("read the secrets: %w", err)
	}
	var names []string
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), unfinished):
			if err := root.Remove(e.Name()); err != nil {
				return nil, fmt.Errorf("remove a half-written secret: %w", err)
			}
		case e.Type().IsRegular() && function.ValidateSecretName(e.Name()) == nil:
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// put writes a value; a reader, or a crash, sees the old or the new one.
func (s *secretStore) put(secret function.Secret) error {
	root, err := openDir(s.values)
	if err != nil {
		return fmt.Errorf("keep the secret: %w", err)
	}
	defer closeDir(root)
	if err := writeSecret(root, secret.Name, secret.Value); err != nil {
		return fmt.Errorf("keep the secret: %w", err)
	}
	return nil
}

func (s *secretStore) remove(name string) error {
	root, err := openDir(s.values)
	if err != nil {
		return fmt.Errorf("remove the secret: %w", err)
	}
	defer closeDir(root)
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the secret: %w", err)
	}
	return syncDir(root)
}

// lend copies secrets for a replica, into a directory that withdraw takes away again. They are copies, and not the
// files themselves, so that a replica keeps what it started with while its function is given new values.
func (s *secretStore) lend(replica string, names []string) (dir string, err error) {
	values, err := openDir(s.values)
	if err != nil {
		return "", fmt.Errorf("give it its secrets: %w", err)
	}
	defer closeDir(values)
	dir = filepath.Join(s.copies, replica)
	copies, err := openDir(dir)
	if err != nil {
		return "", fmt.Errorf("give it its secrets: %w", err)
	}
	defer closeDir(copies)
	for _, name := range names {
		value, err := values.ReadFile(name)
		if err == nil {
			err = copies.WriteFile(name, value, secretMode)
		}
		if err != nil {
			return "", fmt.Errorf("give it secret %s: %w", name, err)
		}
	}
	return dir, nil
}

// withdraw removes what lend made, if it made anything.
func (s *secretStore) withdraw(replica string) error {
	root, err := os.OpenRoot(s.copies)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer closeDir(root)
	return root.RemoveAll(replica)
}

// unfinished begins the names of files that are being written; no secret's name can begin so.
const unfinished = ".new-"

func writeSecret(root *os.Root, name string, value []byte) error {
	tmp := unfinished + randomHex()
	file, err := root.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, secretMode)
	if err != nil {
		return err
	}
	_, err = file.Write(value)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = root.Rename(tmp, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(tmp))
	}
	return syncDir(root)
}

// openDir opens a directory for this user alone, which it makes where there is none.
func openDir(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenRoot(dir)
}

func closeDir(root *os.Root) { _ = root.Close() } // only a handle

// syncDir makes sure that the names in a directory are kept.
func syncDir(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
