package monitoring

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Server is a running Prometheus or Alertmanager.
type Server struct {
	// Name is what people call it, Folder its part of the configuration, prometheus or alertmanager.
	Name, Folder string
	// Address is host:port of its HTTP API.
	Address string
	// LogFile is what it writes its log to: Prometheus tells only there what is wrong with a rule.
	LogFile string
}

// Reload makes the server read its configuration again. When it refuses, which leaves the old one in
// force, the error is the server's own words.
func (s Server) Reload(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.Address+"/-/reload", http.NoBody)
	if err != nil {
		return err
	}
	before := size(s.LogFile)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	if lines := loggedErrors(s.LogFile, before); len(lines) > 0 {
		return errors.New(strings.Join(lines, "\n"))
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)) // a part is better than nothing
	return fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(text))
}

func size(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}

// loggedErrors returns the err="…" of the error lines that were written after offset from. Those that
// only say that there were others are left out.
func loggedErrors(file string, from int64) []string {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // only read
	if from > size(file) {
		from = 0 // it was cut meanwhile
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return nil
	}
	var errs []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		text := lines.Text()
		if !strings.Contains(strings.ToLower(text), "level=error") {
			continue
		}
		e := logValue(text, "err")
		if e != "" && !strings.HasPrefix(e, "one or more errors") && !strings.HasPrefix(e, "error loading rules") {
			errs = append(errs, e)
		}
	}
	return slices.Compact(errs) // Prometheus tells some twice
}

// logValue returns the value of key in a logfmt line.
func logValue(line, key string) string {
	_, rest, ok := strings.Cut(line, " "+key+"=")
	if !ok {
		return ""
	}
	if quoted, err := strconv.QuotedPrefix(rest); err == nil {
		if value, err := strconv.Unquote(quoted); err == nil {
			return value
		}
	}
	value, _, _ := strings.Cut(rest, " ")
	return value
}
