package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"faas/bench/procstat"
)

// gateway is a `faas gateway` in a process of its own, so that what it costs can be read from the system.
type gateway struct {
	url, metricsURL string
	cmd             *exec.Cmd
	ended           chan error
	http            *http.Client
}

// startGateway runs faas from the directory bin against an engine.
func startGateway(ctx context.Context, bin, host string) (*gateway, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "faas"), "gateway", "--docker-host", host, "--listen", "127.0.0.1:0",
		"--metrics-listen", "127.0.0.1:0", "--no-basic-auth", "--log-format", "json")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start faas gateway: %w", err)
	}
	g := &gateway{
		cmd: cmd, ended: make(chan error, 1),
		http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 8}},
	}
	opened := make(chan [2]string, 1)
	go func() {
		text := readLog(log, opened)
		if err := cmd.Wait(); err != nil && ctx.Err() == nil {
			g.ended <- fmt.Errorf("faas gateway: %w\n%s", err, text)
			return
		}
		g.ended <- nil
	}()
	select {
	case addr := <-opened:
		g.url, g.metricsURL = "http://"+addr[0], "http://"+addr[1]
		return g, nil
	case err := <-g.ended:
		return nil, errors.Join(errors.New("faas gateway ended before it listened"), err)
	case <-time.After(20 * time.Second):
		return nil, errors.Join(errors.New("faas gateway does not listen after 20 s"), cmd.Process.Kill())
	}
}

// readLog reads the log to its end, tells the addresses that it speaks of and returns the last lines.
func readLog(log io.Reader, opened chan<- [2]string) string {
	var last []string
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l struct {
			Msg, Listen   string
			MetricsListen string `json:"metrics_listen"`
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err == nil && l.Msg == "faas gateway" {
			opened <- [2]string{l.Listen, l.MetricsListen}
		}
		last = append(last[max(0, len(last)-19):], lines.Text())
	}
	return strings.Join(last, "\n")
}

// stop ends the gateway in good order.
func (g *gateway) stop() error {
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-g.ended:
		return err
	case <-time.After(20 * time.Second):
		return errors.Join(errors.New("faas gateway did not end in 20 s"), g.cmd.Process.Kill())
	}
}

// counts are the functions' desired and ready replicas, all added up.
func (g *gateway) counts(ctx context.Context) (functions, desired, ready int, err error) {
	var all []struct{ Replicas, AvailableReplicas int }
	text, err := g.get(ctx, g.url+"/system/functions")
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	for _, f := range all {
		desired += f.Replicas
		ready += f.AvailableReplicas
	}
	return len(all), desired, ready, err
}

// invoke calls a function and returns its answer.
func (g *gateway) invoke(ctx context.Context, function string) (string, error) {
	text, err := g.get(ctx, g.url+"/function/"+function)
	return string(text), err
}

func (g *gateway) get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := g.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", url, res.Status, strings.TrimSpace(string(text)))
	}
	return text, nil
}

// memory is the gateway's resident set in bytes.
func (g *gateway) memory() (float64, error) {
	u, err := procstat.Of(g.cmd.Process.Pid)
	return float64(u.Resident), err
}

// processorTime is what the gateway has used so far.
func (g *gateway) processorTime() (time.Duration, error) {
	u, err := procstat.Of(g.cmd.Process.Pid)
	return u.Own, err
}
