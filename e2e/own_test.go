package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// faas runs a command of faas in dir on the system, and returns what it prints to standard output.
func (s *Up) faas(ctx context.Context, dir, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(s.opts.Bin, "faas"), args...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, append(os.Environ(), "FAAS_DATA="+s.Data()), strings.NewReader(stdin)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("faas %s: %w: %s%s", strings.Join(args, " "), err, out, said.String())
	}
	return string(out), nil
}

// mustFaas is faas that must succeed.
func (s *Up) mustFaas(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	out, err := s.faas(t.Context(), dir, stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// programs are what a language needs on this machine.
var programs = map[string]string{"go": "go", "python": "python3", "node": "node", "sh": "sh", "dockerfile": "tr"}

// TestOwnFunction takes each language from an empty folder to an answer, a change, a log and away.
func TestOwnFunction(t *testing.T) {
	t.Parallel()
	sys := startSystem(t, fn{name: "other"})
	dir := sys.opts.Dir // where nothing may be left running
	for lang, program := range programs {
		t.Run(lang, func(t *testing.T) {
			if _, err := exec.LookPath(program); err != nil {
				t.Fatalf("%v: run tools/languages.sh", err)
			}
			name := "own-" + lang
			own := filepath.Join(dir, name)
			want, edited := name+" got hello\n", name+" now got hello\n"
			file, from, to := map[string]string{"go": "handler.go", "python": "handler.py", "node": "handler.js", "sh": "handler.sh"}[lang], name+" got", name+" now got"
			if lang == "dockerfile" {
				want, edited, file, from, to = "HELLO", "hello", "stack.yml", "fprocess: tr a-z A-Z", "fprocess: tr A-Z a-z"
			}
			sys.mustFaas(t, dir, "", "new", name, "--lang", lang)
			out := sys.mustFaas(t, own, "", "deploy") // the folder's own stack.yml
			if !strings.HasPrefix(out, name+": deployed\n") || !strings.Contains(out, name+": ready, 1 of 1 replicas, at "+sys.Gateway()+"/function/"+name+"\n") {
				t.Errorf("deploy says %s", out)
			}
			if got := sys.mustFaas(t, dir, "hello", "invoke", name); got != want {
				t.Errorf("it answers %q, want %q", got, want)
			}
			text, err := os.ReadFile(filepath.Join(own, file))
			if err != nil || !strings.Contains(string(text), from) {
				t.Fatalf("%s: %v\n%s", file, err, text)
			}
			if err := os.WriteFile(filepath.Join(own, file), []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			if lang == "sh" { // WriteFile keeps the mode of what is there
				if info, err := os.Stat(filepath.Join(own, file)); err != nil || info.Mode()&0o100 == 0 {
					t.Fatalf("%v, %v", info, err)
				}
			}
			if out := sys.mustFaas(t, own, "", "deploy"); !strings.HasPrefix(out, name+": updated\n") {
				t.Errorf("deploy again says %s", out)
			}
			if got := sys.mustFaas(t, dir, "hello", "invoke", name); got != edited {
				t.Errorf("changed, it answers %q, want %q", got, edited)
			}
			var line struct{ Name, Text string }
			log, _, _ := strings.Cut(sys.mustFaas(t, dir, "", "logs", name, "-o", "json"), "\n")
			if err := json.Unmarshal([]byte(log), &line); err != nil || line.Name != name || line.Text == "" {
				t.Errorf("the log begins with %s: %v", log, err)
			}
			if list := sys.mustFaas(t, dir, "", "list"); !strings.Contains(list, name) || !strings.Contains(list, "other") {
				t.Errorf("the list is %s", list)
			}
			if out := sys.mustFaas(t, own, "", "rm", "-f", "stack.yml"); out != name+": removed\n" {
				t.Errorf("rm says %s", out)
			}
			if _, err := sys.faas(t.Context(), dir, "", "invoke", name, "--body", "x"); err == nil || !strings.Contains(err.Error(), "there is no function "+name) {
				t.Errorf("removed, it answers: %v", err)
			}
		})
	}
}

// TestOwnFunctionIsWatched has a change run that nobody deploys, and a mistake told that does not.
func TestOwnFunctionIsWatched(t *testing.T) {
	t.Parallel()
	sys := startSystem(t)
	dir := sys.opts.Dir
	sys.mustFaas(t, dir, "", "new", "own", "--lang", "go")
	own := filepath.Join(dir, "own")
	cmd := exec.CommandContext(t.Context(), filepath.Join(sys.opts.Bin, "faas"), "deploy", "--watch")
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = own, append(os.Environ(), "FAAS_DATA="+sys.Data()), log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := func() string {
		text, _ := os.ReadFile(log.Name()) // it is there
		return string(text)
	}
	await := func(what string, ok func() bool) {
		t.Helper()
		if !Poll(30*time.Second, ok) {
			t.Fatalf("%s: never; it said\n%s", what, said())
		}
	}
	answers := func(want string) func() bool {
		return func() bool {
			got, err := sys.Invoke(t.Context(), "own", "hello")
			return err == nil && got == want
		}
	}
	await("deployed", answers("own got hello\n"))
	handler := filepath.Join(own, "handler.go")
	text, err := os.ReadFile(handler)
	if err != nil {
		t.Fatal(err)
	}
	await("watching", func() bool { return strings.Contains(said(), "watching") })
	write := func(text string) {
		if err := os.WriteFile(handler, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(string(text) + "func broken(\n")
	await("the mistake is told", func() bool { return strings.Contains(said(), "./handler.go:19:") })
	write(strings.Replace(string(text), "got", "now got", 1))
	await("the change runs", answers("own now got hello\n"))
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v\n%s", err, said())
	}
}
