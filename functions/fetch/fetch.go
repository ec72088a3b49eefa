package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	_ "golang.org/x/crypto/x509roots/fallback" // see doc.go
)

// maxBody bounds an answer, in bytes.
const maxBody = 8 << 20

// StatusError is an answer that is not 200.
type StatusError struct {
	// URL is what was asked for, without a password.
	URL string
	// Code is the HTTP status.
	Code int
}

// Error implements error.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%s answered %d %s", e.URL, e.Code, http.StatusText(e.Code))
}

// Get returns the body that a server answers a GET with. ctx bounds the whole of it. Errors: *StatusError, and others, in one line.
func Get(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is no address: write it as https://example.com/page", address)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", u.Redacted(), err)
	}
	req.Header.Set("User-Agent", "faas-sample")
	res, err := client.Do(req)
	if err != nil {
		return nil, unreachable(ctx, u, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, &StatusError{URL: u.Redacted(), Code: res.StatusCode}
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return nil, unreachable(ctx, u, err)
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("%s answered with more than %d bytes", u.Redacted(), maxBody)
	}
	return body, nil
}

// unreachable says why there is no answer, and the address once.
func unreachable(ctx context.Context, u *url.URL, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%s://%s did not answer in time", u.Scheme, u.Host)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return fmt.Errorf("cannot reach %s://%s: %w", u.Scheme, u.Host, err)
}
