package swarmtest

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	api "github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/google/go-cmp/cmp"
)

// spoken is what the containers of both engines write: lines, one longer than a message, one as long as one, and bytes that
// are no text.
var spoken = "one\ntwo\r\n\n" + strings.Repeat("x", 40_000) + "\n" + strings.Repeat("y", maxMessage) + "\nbytes \xff\xfe é\n"

// TestLogLikeness asks a real engine and this package's for the same logs, and compares the messages.
func TestLogLikeness(t *testing.T) {
	host := os.Getenv("FAAS_TEST_ENGINE")
	if host == "" {
		t.Skip("set FAAS_TEST_ENGINE to a Docker host, such as unix:///var/run/docker.sock, whose engine is a Swarm manager")
	}
	genuine, err := client.NewClientWithOpts(client.WithHost(host), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { genuine.Close() })
	name := fmt.Sprintf("loglikeness%d", os.Getpid())
	importTalker(t, genuine, name)
	want := interviewLogs(t, genuine, name, func(task api.Task) error {
		return genuine.ContainerKill(t.Context(), task.Status.ContainerStatus.ContainerID, "USR1")
	})
	e := Start(t, Options{})
	e.Behave(name, Behaviour{Writes: spoken})
	e.Behave(name+"-ends", Behaviour{Writes: spoken + "end", Crash: true})
	got := interviewLogs(t, connect(t, e), name, func(task api.Task) error { return e.Write(task.ID, Stderr, "a complaint\n") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-real +fake):\n%s", diff)
	}
}

// importTalker makes an image of nothing but the talker.
func importTalker(t *testing.T, c *client.Client, name string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "talker")
	cmd := exec.Command("go", "build", "-o", file, "./testdata/talker")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	if err := w.WriteHeader(&tar.Header{Name: "talker", Mode: 0o755, Size: int64(len(data))}); err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	w.Close()
	resp, err := c.ImageImport(t.Context(), image.ImportSource{Source: &buf, SourceName: "-"}, "faas-test/"+name+":latest", image.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, resp)
	if err := errors.Join(err, resp.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		eventually(t, "the image can be removed", func() bool {
			_, err := c.ImageRemove(context.Background(), "faas-test/"+name+":latest", image.RemoveOptions{Force: true})
			return err == nil
		})
	})
}

// interviewLogs asks an engine for the logs of a task that runs, of one that has ended and of others that have none.
func interviewLogs(t *testing.T, c *client.Client, name string, complain func(api.Task) error) map[string][]string {
	t.Helper()
	said := map[string][]string{}
	ask := func(what, task string, o container.LogsOptions) []string {
		t.Helper()
		o.Timestamps = true
		said[what] = messages(t, c, task, o, 0)
		return said[what]
	}
	both := container.LogsOptions{ShowStdout: true, ShowStderr: true}
	with := func(o container.LogsOptions, change func(*container.LogsOptions)) container.LogsOptions {
		change(&o)
		return o
	}
	deploy := func(name, text string, change func(*api.ServiceSpec), arg ...string) api.Task {
		t.Helper()
		s := spec(name, 1, func(s *api.ServiceSpec) {
			s.TaskTemplate.Networks, s.TaskTemplate.RestartPolicy.Condition = nil, api.RestartPolicyConditionNone
			s.TaskTemplate.ContainerSpec.Image = "faas-test/" + strings.TrimSuffix(strings.TrimSuffix(name, "-ends"), "-waits") + ":latest"
			s.TaskTemplate.ContainerSpec.Command = append([]string{"/talker", text}, arg...)
		}, change)
		id := create(t, c, s)
		t.Cleanup(func() { _ = c.ServiceRemove(context.Background(), id) })
		var task api.Task
		eventually(t, name+" does as it should", func() bool {
			list, err := c.TaskList(t.Context(), api.TaskListOptions{Filters: filters.NewArgs(filters.Arg("service", id))})
			if err == nil && len(list) == 1 {
				task = list[0]
			}
			return slices.Contains([]api.TaskState{api.TaskStateRunning, api.TaskStateFailed}, task.Status.State) || task.Status.Err != ""
		})
		return task
	}
	plain := func(*api.ServiceSpec) {}
	task := deploy(name, spoken, plain)
	eventually(t, "all was said", func() bool { return len(ask("all", task.ID, both)) == 10 })
	if err := complain(task); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a complaint", func() bool { return len(ask("all", task.ID, both)) == 11 })
	for _, n := range []string{"0", "1", "3", "99", "some"} {
		ask("tail "+n, task.ID, with(both, func(o *container.LogsOptions) { o.Tail = n }))
	}
	ask("errors", task.ID, container.LogsOptions{ShowStderr: true})
	ask("output of the last message", task.ID, container.LogsOptions{ShowStdout: true, Tail: "1"})
	ask("neither", task.ID, container.LogsOptions{})
	ask("since later", task.ID, with(both, func(o *container.LogsOptions) { o.Since = fmt.Sprint(time.Now().Add(time.Hour).Unix()) }))
	ask("of nobody", "nobody", both)
	said["followed"] = messages(t, c, task.ID, with(both, func(o *container.LogsOptions) { o.Follow, o.Tail, o.Timestamps = true, "2", true }), 2)
	ended := deploy(name+"-ends", spoken+"end", plain, "and end")
	eventually(t, "its end", func() bool { return len(ask("of one that ended", ended.ID, both)) == 11 })
	waits := deploy(name+"-waits", "", func(s *api.ServiceSpec) {
		s.TaskTemplate.Placement = &api.Placement{Constraints: []string{"node.labels.loglikeness == yes"}}
	})
	ask("of one that waits", waits.ID, both)
	if err := c.ServiceRemove(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its task is gone", func() bool { return ask("of one that is gone", task.ID, both)[0] != "begun" })
	return said
}

// messages are those of a log, n of them if n is not 0, in few words: the stream, whether one that goes on has the time of
// the one before, and the text.
func messages(t *testing.T, c *client.Client, task string, o container.LogsOptions, n int) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	body, err := c.TaskLogs(ctx, task, o)
	if err != nil {
		text := strings.Replace(err.Error(), "error making log selector: ", "", 1) // when it goes right now
		return []string{idPattern.ReplaceAllString(text, "ID"), fmt.Sprint(errdefs.IsNotFound(err))}
	}
	defer body.Close()
	all := []string{"begun"}
	unfinished := ""
	write := func(stream int) writerFunc {
		return func(p []byte) (int, error) {
			stamp, text, _ := strings.Cut(string(p), " ")
			if _, err := time.Parse(time.RFC3339Nano, stamp); err != nil || len(stamp) != 30 {
				return 0, fmt.Errorf("a stamp %q", stamp)
			}
			all = append(all, fmt.Sprintf("%d %t %.40q %d", stream, unfinished == stamp, text, len(text)))
			if unfinished = stamp; strings.HasSuffix(text, "\n") {
				unfinished = ""
			}
			if n > 0 && len(all) > n {
				return 0, io.ErrClosedPipe
			}
			return len(p), nil
		}
	}
	if _, err := stdcopy.StdCopy(write(1), write(2), body); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		all = append(all, idPattern.ReplaceAllString(err.Error(), "ID"))
	}
	return all
}

type writerFunc func([]byte) (int, error)

// Write implements io.Writer.
func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
