package archtest

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestProject holds the project itself to its rules.
func TestProject(t *testing.T) {
	found, err := Check(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}

func TestCheck(t *testing.T) {
	const doc = "// Package p is documented.\n"
	type files map[string]string
	tests := []struct {
		name  string
		files files
		want  []string
	}{
		{
			name: "a good tree",
			files: files{
				"embed.go":                       doc + "package p\n\nimport _ \"embed\"\n",
				"function/doc.go":                doc + "package p\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n",
				"gateway/gateway.go":             doc + "package p\n\nimport (\n\t\"faas/api\"\n\t\"faas/gateway/proxy\"\n\t\"faas/internal/httperr\"\n)\n",
				"gateway/gateway_test.go":        "package p_test\n\nimport \"faas/gateway\"\n",
				"scaler/s.go":                    doc + "package p\n\nimport \"github.com/prometheus/alertmanager/template\"\n",
				"scaler/s_test.go":               "package p\n\nimport (\n\t\"testing/synctest\"\n\t\"time\"\n)\n\nfunc f() { time.Sleep(1) }\n",
				"cmd/faas/main.go":               "// Faas is a command.\npackage main\n\nimport \"faas/local\"\n\ntype t struct{}\n\nfunc (t) init() {}\n",
				"prometheus/prometheus.yml":      "{}",
				"tools/go.mod":                   "module faas/tools\n",
				"tools/tools.go":                 "package tools\n\nfunc init() {}\n",
				"local/testdata/bad.go":          "package",
				"bin/x/x.go":                     "package",
				"web/node_modules/some/go/bad.g": "",
			},
		},
		{
			name:  "the domain imports something of ours",
			files: files{"function/doc.go": doc + "package p\n\nimport \"faas/api\"\n"},
			want:  []string{"function/doc.go:4: package function must not import api: it may import nothing of ours"},
		},
		{
			name:  "the gateway imports a backend and the scaler",
			files: files{"gateway/g.go": doc + "package p\n\nimport (\n\t\"faas/local\"\n\t\"faas/scaler\"\n)\n"},
			want: []string{
				"gateway/g.go:5: package gateway must not import local: it may import only api, function, internal/...",
				"gateway/g.go:6: package gateway must not import scaler: it may import only api, function, internal/...",
			},
		},
		{
			name:  "a child of the gateway imports the gateway",
			files: files{"gateway/proxy/p.go": doc + "package p\n\nimport \"faas/gateway\"\n"},
			want:  []string{"gateway/proxy/p.go:4: package gateway/proxy must not import gateway: it may import only function, internal/..."},
		},
		{
			name:  "tests keep to the rules as well",
			files: files{"scaler/s.go": doc + "package p\n", "scaler/s_test.go": "package p\n\nimport \"faas/local\"\n"},
			want:  []string{"scaler/s_test.go:3: package scaler must not import local: it may import only function, internal/..."},
		},
		{
			name:  "somebody imports a command",
			files: files{"e2e/e.go": doc + "package p\n\nimport \"faas/cmd/faas\"\n"},
			want:  []string{"e2e/e.go:4: package e2e must not import cmd/faas: it may import everything but cmd"},
		},
		{
			name: "the watchdog grows",
			files: files{
				"watchdog/w.go":         doc + "package p\n\nimport (\n\t\"faas/function\"\n\t\"faas/internal/telemetry\"\n)\n",
				"cmd/fwatchdog/main.go": "// Fwatchdog is one.\npackage main\n\nimport (\n\t\"faas/scaler\"\n\t\"faas/watchdog\"\n)\n",
			},
			want: []string{
				"cmd/fwatchdog/main.go:5: package cmd/fwatchdog must not import scaler: it may import only watchdog, internal/telemetry",
				"watchdog/w.go:5: package watchdog must not import function: it may import only internal/telemetry, internal/http1",
			},
		},
		{
			name:  "a module outside the package that wraps it",
			files: files{"local/l.go": doc + "package p\n\nimport \"github.com/docker/docker/client\"\n"},
			want:  []string{"local/l.go:4: github.com/docker/docker is imported in swarm only"},
		},
		{
			name:  "a package without a rule",
			files: files{"util/u.go": doc + "package p\n\nimport \"faas/api\"\n"},
			want:  []string{"util/u.go:1: package util has no import rule: add it to importRules in internal/archtest"},
		},
		{
			name:  "a package without a doc comment",
			files: files{"api/a.go": "// Something else.\npackage p\n", "cmd/x/main.go": "package main\n"},
			want: []string{
				`api/a.go:1: package api has no doc comment: begin one with "Package p"`,
				`cmd/x/main.go:1: package cmd/x has no doc comment: begin one with "Package main"`,
			},
		},
		{
			name: "a long file and a long function",
			files: files{
				"api/file.go":      doc + "package p\n" + strings.Repeat("\n", 399),
				"api/file_test.go": "package p\n" + strings.Repeat("\n", 500),
				"api/function.go":  "package p\n\n// f is long.\nfunc f() {" + strings.Repeat("\n", 80) + "}\n",
				"api/limit.go":     "package p\n\nfunc f() {" + strings.Repeat("\n", 79) + "}\n" + strings.Repeat("\n", 400-82),
			},
			want: []string{
				"api/file.go:401: the file has 401 lines, at most 400 are allowed: split it by noun",
				"api/function.go:4: function f has 81 lines, at most 80 are allowed",
			},
		},
		{
			name:  "a sleep in a test",
			files: files{"api/a.go": doc + "package p\n", "api/a_test.go": "package p\n\nimport clock \"time\"\n\nfunc f() { clock.Sleep(1) }\n"},
			want:  []string{"api/a_test.go:5: no time.Sleep in a test: wait for the event, or use testing/synctest"},
		},
		{
			name: "a sleep by another name",
			files: files{
				"api/a.go": doc + "package p\n\nimport \"time\"\n\nfunc f() { <-time.After(1) }\n",
				"api/a_test.go": "package p\n\nimport clock \"time\"\n\nfunc f() {\n\t<-clock.After(1)\n\tfor ; ; <-(clock.After(1)) {\n\t}\n" +
					"\t_ = <-clock.After(1)\n\tselect {\n\tcase <-clock.After(1):\n\tdefault:\n\t}\n" +
					"\tselect {\n\tcase <-c:\n\tcase <-clock.After(1):\n\t}\n}\n",
				"api/b_test.go": "package p\n\nimport (\n\t\"testing/synctest\"\n\t\"time\"\n)\n\nfunc f() { <-time.After(1) }\n",
				"watchdog/w.go": doc + "package p\n",
				// One is granted.
				"watchdog/server_test.go": "package p\n\nimport \"time\"\n\nfunc f() {\n\t<-time.After(1)\n\t<-time.After(2)\n}\n",
			},
			want: []string{
				"api/a_test.go:6: no <-clock.After in a test: wait for the event, or use testing/synctest",
				"api/a_test.go:7: no <-clock.After in a test: wait for the event, or use testing/synctest",
				"api/a_test.go:9: no <-clock.After in a test: wait for the event, or use testing/synctest",
				"watchdog/server_test.go:7: no <-time.After in a test: wait for the event, or use testing/synctest",
			},
		},
		{
			name:  "init",
			files: files{"api/a.go": doc + "package p\n\nfunc init() {}\n"},
			want:  []string{"api/a.go:4: no init: do it in New, or in main"},
		},
		{
			name: "the state of a whole process",
			files: files{
				"api/a.go": doc + "package p\n\nimport (\n\t\"net/http\"\n\t\"github.com/prometheus/client_golang/prometheus\"\n)\n\n" +
					"var (\n\ta = http.DefaultClient\n\tb = prometheus.DefaultRegisterer\n\tc = http.DefaultTransport\n)\n",
			},
			want: []string{
				"api/a.go:10: no http.DefaultClient: make a client with a time-out of its own",
				"api/a.go:11: no prometheus.DefaultRegisterer: take a registry in Options",
			},
		},
		{
			name:  "more than YAML",
			files: files{"prometheus/README.md": "", "alertmanager/x/y.tmpl": "", "prometheus/rules.yaml": ""},
			want: []string{
				"alertmanager/x/y.tmpl:1: alertmanager/ holds YAML only",
				"prometheus/README.md:1: prometheus/ holds YAML only",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := fstest.MapFS{"go.mod": {Data: []byte("// A comment.\nmodule faas\n\ngo 1.26.0\n")}}
			for name, text := range tt.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			found, err := Check(root)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range found {
				got = append(got, v.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckErrors(t *testing.T) {
	tests := []struct {
		name string
		root fs.FS
		want string
	}{
		{"no module", fstest.MapFS{}, "go.mod"},
		{"a module without a name", fstest.MapFS{"go.mod": {Data: []byte("go 1.26\n")}}, "names no module"},
		{"a file that does not parse", fstest.MapFS{
			"go.mod":   {Data: []byte("module faas\n")},
			"api/a.go": {Data: []byte("package")},
		}, "parse api/a.go"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Check(tt.root); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}
