package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"faas/internal/supervise"
)

// addresses are where everything listens. They are written to addresses.json in the data directory once
// all of it is ready.
type addresses struct {
	Gateway      string `json:"gateway"`
	Metrics      string `json:"metrics"`
	Prometheus   string `json:"prometheus"`
	Alertmanager string `json:"alertmanager"`
}

// listeners are the ports that were taken: those that this process listens on itself, and those that are
// kept for Prometheus and Alertmanager until the end.
type listeners struct {
	gateway, metrics         net.Listener
	prometheus, alertmanager *supervise.Reservation
}

// listen takes all ports, or none and tells of each that cannot be had.
func (c *upCommand) listen(ctx context.Context) (*listeners, error) {
	var l listeners
	var errs [4]error
	l.gateway, errs[0] = supervise.Listen(ctx, "--listen", c.Listen)
	l.metrics, errs[1] = supervise.Listen(ctx, "--metrics-listen", c.MetricsListen)
	l.prometheus, errs[2] = supervise.Reserve(ctx, "--prometheus-listen", c.PrometheusListen)
	l.alertmanager, errs[3] = supervise.Reserve(ctx, "--alertmanager-listen", c.AlertmanagerListen)
	if err := errors.Join(errs[:]...); err != nil {
		l.close()
		return nil, err
	}
	return &l, nil
}

// close lets go of the ports that were taken. One that is closed already had an owner who did that.
func (l *listeners) close() {
	for _, one := range []net.Listener{l.gateway, l.metrics} {
		if one != nil {
			_ = one.Close()
		}
	}
	for _, one := range []*supervise.Reservation{l.prometheus, l.alertmanager} {
		if one != nil {
			_ = one.Close()
		}
	}
}

// addresses are those to dial.
func (l *listeners) addresses() addresses {
	dialable := func(one interface{ Addr() net.Addr }) string { return supervise.Dialable(one.Addr().String()) }
	return addresses{
		Gateway: dialable(l.gateway), Metrics: dialable(l.metrics),
		Prometheus: dialable(l.prometheus), Alertmanager: dialable(l.alertmanager),
	}
}

const addressesFile = "addresses.json"

// write replaces the file in one step, so that who waits for it reads all of it.
func (a addresses) write(dir string) error {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	name := filepath.Join(dir, addressesFile)
	if err := os.WriteFile(name+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the addresses: %w", err)
	}
	return os.Rename(name+".new", name)
}

// readAddresses reads what the faas up that runs on dir wrote.
func readAddresses(dir string) (addresses, error) {
	text, err := os.ReadFile(filepath.Join(dir, addressesFile))
	if err != nil {
		return addresses{}, err
	}
	var a addresses
	if err := json.Unmarshal(text, &a); err != nil {
		return addresses{}, fmt.Errorf("read the addresses: %w", err)
	}
	if a.Gateway == "" || a.Metrics == "" {
		return addresses{}, errors.New("read the addresses: some are missing")
	}
	return a, nil
}

// runsAlready tells of the faas that owns the data directory.
func runsAlready(locked *supervise.LockedError) error {
	var about []string
	if locked.PID != "" {
		about = append(about, "pid "+locked.PID)
	}
	if a, err := readAddresses(locked.Dir); err == nil { // it is not there yet while the other starts
		about = append(about, "http://"+a.Gateway)
	}
	text := "faas runs here already"
	if len(about) > 0 {
		text += " (" + strings.Join(about, ", ") + ")"
	}
	return errors.New(text + "; stop it with Ctrl-C there, or give another --data")
}

func removeAddresses(dir string) error {
	if err := os.Remove(filepath.Join(dir, addressesFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
