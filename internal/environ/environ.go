// Package environ reads settings from environment variables, in one way for every component: what is not set or empty keeps
// its default, and all values that cannot be used are reported at once, each error naming its variable.
package environ

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"faas/function"
)

// Reader reads variables and keeps what was wrong with them.
type Reader struct {
	lookup func(string) (string, bool)
	errs   []error
}

// New makes a Reader of what lookup (os.LookupEnv, say) knows.
func New(lookup func(string) (string, bool)) *Reader { return &Reader{lookup: lookup} }

// Read has parse read the variable's value, where it has one.
func (r *Reader) Read(name string, parse func(string) error) {
	v, ok := r.lookup(name)
	if !ok || v == "" {
		return
	}
	if err := parse(v); err != nil {
		r.errs = append(r.errs, fmt.Errorf("environment variable %s=%q: %w", name, v, err))
	}
}

// Err returns all errors of Read, joined.
func (r *Reader) Err() error { return errors.Join(r.errs...) }

// Duration reads a Go duration, or a bare number of seconds, of at least least.
func Duration(to *time.Duration, least time.Duration) func(string) error {
	return func(s string) error {
		d, err := time.ParseDuration(s)
		if n, bare := strconv.ParseUint(s, 10, 31); bare == nil {
			d, err = time.Duration(n)*time.Second, nil
		}
		if err != nil || d < least {
			return errors.New("write seconds such as 60, or a duration such as 1m30s")
		}
		*to = d
		return nil
	}
}

// Count reads a whole number from 1 to most; 0: there is no bound.
func Count(to *int, most int) func(string) error {
	return func(s string) error {
		n, err := strconv.Atoi(s)
		switch {
		case most == 0 && (err != nil || n <= 0):
			return errors.New("write a whole number above 0")
		case most > 0 && (err != nil || n <= 0 || n > most):
			return fmt.Errorf("write a whole number from 1 to %d", most)
		}
		*to = n
		return nil
	}
}

// Memory reads a quantity as function.ParseMemory does, in bytes.
func Memory(to *int64) func(string) error {
	return func(s string) error {
		n, err := function.ParseMemory(s)
		if err == nil {
			*to = n
		}
		return err
	}
}

// Bool reads true or false.
func Bool(to *bool) func(string) error {
	return func(s string) error {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("write true or false")
		}
		*to = b
		return nil
	}
}
