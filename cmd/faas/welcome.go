package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"faas/function"
)

// sample is the function that the commands to try call, if it is there.
const sample = "echoit"

// welcome tells where everything is and what to try.
func (s *system) welcome(took time.Duration, functions []function.Status) {
	out, a := s.out, s.addresses
	out.print(out.title.Render(fmt.Sprintf("faas is up, ready in %.1f s", took.Seconds())))
	out.blank()
	out.row("gateway", "http://"+a.Gateway)
	out.row("portal", "http://"+a.Gateway+"/ui/")
	if s.credentials != nil {
		out.row("credentials", fmt.Sprintf("user %s, password in %s", s.credentials.User, shorten(s.passwordFile())))
	} else {
		out.row("credentials", "none (--no-auth)")
	}
	out.row("metrics", "http://"+a.Metrics+"/metrics")
	out.row("Prometheus", "http://"+a.Prometheus)
	out.row("Alertmanager", "http://"+a.Alertmanager)
	out.row("logs", shorten(filepath.Join(s.data, "logs")))
	names := make([]string, len(functions))
	for i, f := range functions {
		names[i] = f.Name
	}
	out.row("functions", cmp.Or(strings.Join(names, " "), "none"))
	if len(names) > 0 {
		out.blank()
		out.print("Try:")
		for _, command := range s.commands(names) {
			out.print("  " + command)
		}
	}
	out.blank()
}

// commands are three that run as they are pasted.
func (s *system) commands(names []string) []string {
	name := names[0]
	if slices.Contains(names, sample) {
		name = sample
	}
	url := "http://" + s.addresses.Gateway + "/function/" + name
	top := shorten(filepath.Join(s.bin, "faas")) + " top"
	if data := shorten(s.data); data != defaultData { // it finds the addresses and the password there
		top += " --data " + data
	}
	return []string{
		"curl -d hello " + url,
		shorten(filepath.Join(s.bin, "hey")) + " -z 30s -c 10 -q 5 " + url,
		top,
	}
}

// shorten makes a path relative to the working directory when it is below it.
func shorten(path string) string {
	dir, err := os.Getwd()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}
