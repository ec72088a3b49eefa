package swarm

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	api "github.com/docker/docker/api/types/swarm"
	"github.com/google/go-cmp/cmp"

	"faas/function"
	"faas/swarm/swarmtest"
)

// asked is a replica that answers what it is told to, in this order, and keeps what it was asked.
type asked struct {
	mu      sync.Mutex
	answers []answer
	paths   []string
	open    int // connections
	opened  int
}

type answer struct {
	status int // 0 breaks the connection
	header string
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.paths = append(a.paths, r.Method+" "+r.URL.Path)
	if len(a.answers) == 0 {
		http.Error(w, "asked too often", http.StatusTeapot)
		return
	}
	now := a.answers[0]
	a.answers = a.answers[1:]
	if now.status == 0 {
		panic(http.ErrAbortHandler)
	}
	if now.header != "" {
		w.Header().Set("X-Watchdog", now.header)
	}
	w.WriteHeader(now.status)
}

func (a *asked) connection(_ net.Conn, state http.ConnState) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch state {
	case http.StateNew:
		a.open, a.opened = a.open+1, a.opened+1
	case http.StateClosed:
		a.open--
	default:
	}
}

func (a *asked) connections() (open, opened int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.open, a.opened
}

func TestProbe(t *testing.T) {
	const health, ready = "GET /_/health", "GET /_/ready"
	for name, c := range map[string]struct {
		path    string
		answers []answer
		want    []string // what is asked until it takes requests
	}{
		"ours":                          {"", []answer{{200, "faas"}, {200, ""}}, []string{health, ready}},
		"ours, its function starts":     {"", []answer{{200, "faas"}, {503, ""}, {503, ""}, {200, ""}}, []string{health, ready, ready, ready}},
		"ours, full":                    {"", []answer{{200, "faas"}, {429, ""}}, []string{health, ready}},
		"ours, unhealthy":               {"", []answer{{503, "faas"}, {503, ""}, {200, ""}}, []string{health, ready, ready}},
		"ours, breaks off":              {"", []answer{{0, ""}, {200, "faas"}, {0, ""}, {200, ""}}, []string{health, health, ready, ready}},
		"of another make":               {"", []answer{{200, ""}}, []string{health}},
		"of another make, unhealthy":    {"", []answer{{503, ""}, {503, ""}, {200, ""}}, []string{health, health, health}},
		"of another make, with a name":  {"", []answer{{200, "other"}}, []string{health}},
		"no watchdog":                   {"", []answer{{404, ""}}, []string{health}},
		"no watchdog, moves its caller": {"", []answer{{307, ""}}, []string{health}},
		"its user names a path":         {"/up", []answer{{200, ""}}, []string{"GET /up"}},
		"that path is not well":         {"/up", []answer{{404, ""}, {307, ""}, {503, ""}, {429, ""}, {204, ""}}, []string{"GET /up", "GET /up", "GET /up", "GET /up", "GET /up"}},
	} {
		t.Run(name, func(t *testing.T) {
			replica := &asked{answers: c.answers}
			server := httptest.NewUnstartedServer(replica)
			server.Config.ConnState = replica.connection
			server.Start()
			defer server.Close()
			var d net.Dialer
			p := newProbe(d.DialContext, strings.TrimPrefix(server.URL, "http://"), c.path)
			if !p.awaitAnswer(t.Context(), timing{probeRetry: time.Millisecond, probeMax: time.Millisecond}) {
				t.Fatal("it does not take requests")
			}
			if diff := cmp.Diff(c.want, replica.paths); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			if _, opened := replica.connections(); opened != 1 && !strings.Contains(name, "breaks") {
				t.Errorf("%d connections were made", opened)
			}
			for deadline := time.Now().Add(5 * time.Second); ; runtime.Gosched() {
				if open, _ := replica.connections(); open == 0 {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("its connection stays open")
				}
			}
		})
	}
}

func TestProbeEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	replica := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		cancel()
	}))
	defer replica.Close()
	var d net.Dialer
	if newProbe(d.DialContext, replica.Listener.Addr().String(), "").awaitAnswer(ctx, defaultTiming()) {
		t.Error("it takes requests")
	}
}

// classic does towards a prober what OpenFaaS's classic watchdog does: it answers its health path, 503 until it has
// written its lock file, and takes all else for an invocation, which starts the function's process.
type classic struct {
	unhealthy atomic.Int32 // answers before it is well
	asked     atomic.Int32
	started   atomic.Int32
}

func (c *classic) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != "/_/health":
		c.started.Add(1)
	case c.asked.Add(1) <= c.unhealthy.Load():
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// TestProbeInvokesNothing holds that replicas with OpenFaaS's classic watchdog are found ready with no call of the function.
func TestProbeInvokesNothing(t *testing.T) {
	replicas := &classic{}
	replicas.unhealthy.Store(2)
	l := startLab(t, swarmtest.Options{}, quick())
	l.Behave("a", swarmtest.Behaviour{Handler: replicas})
	l.deploy("a", 1)
	for _, n := range []int{0, 3, 1} {
		if err := l.b.Scale(t.Context(), "a", n); err != nil {
			t.Fatal(err)
		}
		l.ready("a", n)
	}
	if n := replicas.asked.Load(); n < 6 {
		t.Errorf("4 replicas were asked for their health %d times, 2 of these in vain", n)
	}
	if n := replicas.started.Load(); n != 0 {
		t.Errorf("probes have started the function %d times", n)
	}
}

// TestReadyPathMended holds that a path that never answers well can be mended without another replica.
func TestReadyPathMended(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	var inVain atomic.Int32
	l.Behave("a", swarmtest.Behaviour{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/up" {
			inVain.Add(1)
			http.NotFound(w, r)
		}
	})})
	f := function.Function{Name: "a", Image: "faas/echo:latest", Annotations: map[string]string{function.AnnotationReadyPath: "/ups"}}
	if err := l.b.Deploy(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	l.until("the replica to be asked", func() bool { return inVain.Load() > 1 })
	before := l.Tasks("a")[0].ID
	if s, err := l.b.Function(t.Context(), "a"); err != nil || s.Available() != 0 {
		t.Errorf("%+v, %v: the replica counts as ready", s, err)
	}
	f.Annotations[function.AnnotationReadyPath] = "/up"
	if err := l.b.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	l.ready("a", 1)
	if after := l.Tasks("a"); len(after) != 1 || after[0].ID != before {
		t.Errorf("the replica %s was replaced: %d tasks", before, len(after))
	}
}

func TestReadyPathRefused(t *testing.T) {
	l := startLab(t, swarmtest.Options{}, quick())
	for _, path := range []string{"up", "http://a/up", "/up?a=b", "/u p", "/up\r\nx: y", "/up#a"} {
		f := function.Function{Name: "a", Image: "faas/echo:latest", Annotations: map[string]string{function.AnnotationReadyPath: path}}
		if err := l.b.Deploy(t.Context(), f); !errors.Is(err, function.ErrInvalid) || !strings.Contains(err.Error(), function.AnnotationReadyPath) {
			t.Errorf("%q: error %v, want an invalid one that names the annotation", path, err)
		}
	}
	if _, err := l.CreateService(api.ServiceSpec{ // past the checks
		Annotations: api.Annotations{Name: "b", Labels: map[string]string{
			"function": "true", labelAnnotation + function.AnnotationReadyPath: "up",
		}},
		TaskTemplate: api.TaskSpec{
			ContainerSpec: &api.ContainerSpec{Image: "x:1"}, Networks: []api.NetworkAttachmentConfig{{Target: "functions"}},
		},
		Mode: api.ServiceMode{Replicated: &api.ReplicatedService{Replicas: ptr(uint64(1))}},
	}); err != nil {
		t.Fatal(err)
	}
	l.ready("b", 1)
}
