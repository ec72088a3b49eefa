package image

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dockerStub stands for Docker's client and an engine for amd64, and returns the file with what a build is asked and sent.
func dockerStub(t *testing.T) (asked string) {
	t.Helper()
	bin := write(t, map[string]string{"docker": `#!/bin/sh
case $1 in
version) echo amd64; exit ;;
image) echo "$MADE"; exit ;;
esac
printf '%s\n' "$@" >"$ASKED"
tar -t >>"$ASKED"
echo A is "$A" >>"$ASKED"
[ -z "$FAIL" ] || { echo 'step 2 failed' >&2; exit 3; }
`})
	if err := os.Chmod(filepath.Join(bin, "docker"), 0o700); err != nil {
		t.Fatal(err)
	}
	asked = filepath.Join(t.TempDir(), "asked")
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("ASKED", asked)
	return asked
}

// TestDocker has a stand-in say what Docker would be asked.
func TestDocker(t *testing.T) {
	asked := dockerStub(t)
	t.Setenv("MADE", "amd64")
	o := DockerOptions{
		Dir: write(t, map[string]string{"Dockerfile": "FROM scratch", "handler.py": "", "build/x.tar": ""}), Image: "example/hello:1",
		Watchdog: program(t, "watchdog"), Args: map[string]string{"B": "2", "A": "s3 cret", "no_proxy": "x"}, Labels: map[string]string{"l": "v"}, Arch: "amd64",
	}
	if err := DockerBuild(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(asked)
	if err != nil {
		t.Fatal(err)
	}
	want := "build -t example/hello:1 --platform linux/amd64 --build-arg A --build-arg B --build-arg no_proxy=x --label l=v - Dockerfile handler.py fwatchdog A is s3 cret"
	if got := strings.Join(strings.Fields(string(text)), " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	t.Setenv("FAIL", "1")
	if err := DockerBuild(t.Context(), o); err == nil || !strings.Contains(err.Error(), "docker build: exit status 3:\nstep 2 failed") {
		t.Errorf("a failure: %v", err)
	}
	o.Dir = t.TempDir()
	if err := DockerBuild(t.Context(), o); err == nil || !strings.Contains(err.Error(), "Dockerfile: no such file") {
		t.Errorf("without a Dockerfile: %v", err)
	}
}

// TestDockerArch has an engine for amd64, as the watchdog is.
func TestDockerArch(t *testing.T) {
	dockerStub(t)
	watchdog := program(t, "watchdog")
	own := map[string]string{"Dockerfile": "", "fwatchdog": ""}
	for name, test := range map[string]struct {
		arch, made, watchdog string
		files                map[string]string
		want                 string
	}{
		"the engine's own":         {"", "", watchdog, map[string]string{"Dockerfile": ""}, ""},
		"the same":                 {"amd64", "amd64", watchdog, map[string]string{"Dockerfile": ""}, ""},
		"another":                  {"arm64", "arm64", watchdog, map[string]string{"Dockerfile": ""}, "is for EM_X86_64 and not for arm64; --watchdog names one"},
		"the folder's watchdog":    {"arm64", "arm64", watchdog, own, ""},
		"not what was asked":       {"arm64", "amd64", watchdog, own, "build x/a: Docker made it for amd64 and not for arm64"},
		"no program":               {"", "", os.DevNull, map[string]string{"Dockerfile": ""}, "the watchdog: /dev/null is no program for Linux"},
		"the engine does not tell": {"arm64", "", watchdog, own, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("MADE", test.made)
			err := DockerBuild(t.Context(), DockerOptions{Dir: write(t, test.files), Image: "x/a", Watchdog: test.watchdog, Arch: test.arch})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
