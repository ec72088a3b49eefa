package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// spawnSource is a C program, since Go's runtime is a part of what it is compared with.
//
//go:embed testdata/spawn.c
var spawnSource []byte

// buildSpawn compiles the loop of bare process starts and returns where it is.
func buildSpawn(ctx context.Context, dir string) (string, error) {
	cc, err := find("cc", "/usr/bin/cc")
	if err != nil {
		return "", err
	}
	source, program := filepath.Join(dir, "spawn.c"), filepath.Join(dir, "spawn")
	if err := os.WriteFile(source, spawnSource, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.CommandContext(ctx, cc, "-O2", "-pthread", "-o", program, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("cc: %w: %s", err, out)
	}
	return program, nil
}

// spawnRate is how many processes a second the loop starts with that many workers.
func spawnRate(ctx context.Context, program string, workers int, d time.Duration, command ...string) (float64, error) {
	args := append([]string{strconv.Itoa(workers), fmt.Sprint(d.Seconds())}, command...)
	start := time.Now()
	out, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return 0, fmt.Errorf("spawn: %w", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil || n == 0 {
		return 0, fmt.Errorf("spawn says %q", out)
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// find returns where a program of another package is.
func find(name, usual string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	if _, err := os.Stat(usual); err == nil {
		return usual, nil
	}
	return "", fmt.Errorf("%s is not installed: apt-get install wrk nginx-light gcc libc6-dev", name)
}
