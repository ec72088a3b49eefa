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

// Variable is one environment variable: its name, what it means to an operator, and where its value goes.
type Variable struct {
	Name, Meaning string
	Value
}

// Value reads the text of a variable.
type Value struct {
	// Kind says what may be written.
	Kind string
	// Parse puts text where it belongs, and Text is what is there now: before anything is parsed, the default.
	Parse func(text string) error
	Text  func() string
}

// Named makes a variable of a value.
func Named(name, meaning string, v Value) Variable {
	return Variable{Name: name, Meaning: meaning, Value: v}
}

// Read reads what lookup (os.LookupEnv, say) knows of variables. Its error joins those of all values that cannot be used.
func Read(lookup func(string) (string, bool), variables []Variable) error {
	var errs []error
	for _, v := range variables {
		text, ok := lookup(v.Name)
		if !ok || text == "" {
			continue
		}
		if err := v.Parse(text); err != nil {
			errs = append(errs, fmt.Errorf("environment variable %s=%q: %w", v.Name, text, err))
		}
	}
	return errors.Join(errs...)
}

// Duration reads a Go duration, or a bare number of seconds, of at least least.
func Duration(to *time.Duration, least time.Duration) Value {
	parse := func(s string) error {
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
	return Value{"duration", parse, func() string { return to.String() }}
}

// Count reads a whole number from 1 to most; 0: there is no bound.
func Count(to *int, most int) Value {
	parse := func(s string) error {
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
	kind := "whole number above 0"
	if most > 0 {
		kind = fmt.Sprintf("whole number, 1 to %d", most)
	}
	return Value{kind, parse, func() string { return strconv.Itoa(*to) }}
}

// Memory reads a quantity as function.ParseMemory does, in bytes.
func Memory(to *int64) Value {
	parse := func(s string) error {
		n, err := function.ParseMemory(s)
		if err == nil {
			*to = n
		}
		return err
	}
	return Value{"bytes, or a quantity such as 10Mi", parse, func() string { return bytesText(*to) }}
}

// bytesText writes whole mebibytes as such.
func bytesText(n int64) string {
	if n != 0 && n%(1<<20) == 0 {
		return strconv.FormatInt(n>>20, 10) + "Mi"
	}
	return strconv.FormatInt(n, 10)
}

// Bool reads true or false.
func Bool(to *bool) Value {
	parse := func(s string) error {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("write true or false")
		}
		*to = b
		return nil
	}
	return Value{"true or false", parse, func() string { return strconv.FormatBool(*to) }}
}

// Text takes what check has nothing against. kind says what that is.
func Text(to *string, kind string, check func(string) error) Value {
	parse := func(s string) error {
		*to = s
		return check(s)
	}
	return Value{kind, parse, func() string { return *to }}
}
