package swarmtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/docker/docker/api/types/filters"
)

// APIVersion is the version that the engine speaks.
const APIVersion = "1.41"

// failure is an answer other than a good one.
type failure struct {
	status int
	text   string
}

func (f failure) Error() string { return f.text }

func failf(status int, format string, args ...any) error {
	return failure{status: status, text: fmt.Sprintf(format, args...)}
}

// rpcf is a failure in the words of the managers' own protocol.
func rpcf(status int, code, format string, args ...any) error {
	return failf(status, "rpc error: code = %s desc = %s", code, fmt.Sprintf(format, args...))
}

func notFound(kind, name string) error {
	return failf(http.StatusNotFound, "%s %s not found", kind, name)
}

// errStale is what a real engine says to an update of an older version of a service.
var errStale = rpcf(http.StatusInternalServerError, "Unknown", "update out of sequence")

// reply is what an endpoint answers: a value, or JSON that is there already.
type reply struct {
	status int
	body   any
}

type endpoint func(*http.Request) (reply, error)

var versionPrefix = regexp.MustCompile(`^/v(\d+)\.(\d+)(/.*)$`)

// routes has every endpoint by the name under which its calls are counted and its faults are ordered.
func (e *Engine) routes() map[string]endpoint {
	return map[string]endpoint{
		"GET /_ping": e.ping, "HEAD /_ping": e.ping, "GET /info": e.info, "GET /version": e.engineVersion,
		"GET /services": e.listServices, "POST /services/create": e.createService, "GET /services/{id}": e.inspectService,
		"POST /services/{id}/update": e.updateService, "DELETE /services/{id}": e.removeService,
		"GET /tasks": e.listTasks, "GET /tasks/{id}": e.inspectTask,
		"GET /nodes": e.listNodes, "GET /nodes/{id}": e.inspectNode,
		"GET /networks": e.listNetworks, "GET /networks/{id}": e.inspectNetwork,
		"GET /secrets": e.listSecrets, "POST /secrets/create": e.createSecret, "GET /secrets/{id}": e.inspectSecret,
		"DELETE /secrets/{id}": e.removeSecret, "POST /secrets/{id}/update": e.updateSecret,
		"GET /images/{name...}": e.inspectImage, "GET /distribution/{name...}": e.inspectDistribution,
	}
}

// handler serves the API for one life of the engine.
func (e *Engine) handler(s *server) http.Handler {
	mux := http.NewServeMux()
	for pattern, do := range e.routes() {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { answer(w, r, do) })
	}
	mux.HandleFunc("GET /events", e.events)
	mux.HandleFunc(LogsEndpoint, e.taskLogs)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, failf(http.StatusNotFound, "page not found"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.calls.begin() {
			panic(http.ErrAbortHandler) // the engine goes away
		}
		defer s.calls.done()
		w.Header().Set("Api-Version", APIVersion)
		w.Header().Set("Docker-Experimental", "false")
		w.Header().Set("Ostype", "linux")
		w.Header().Set("Server", "Docker/20.10.24 (linux)")
		if m := versionPrefix.FindStringSubmatch(r.URL.Path); m != nil {
			if newer(m[1], m[2]) {
				writeError(w, failf(http.StatusBadRequest, "client version %s.%s is too new. Maximum supported API version is %s", m[1], m[2], APIVersion))
				return
			}
			r.URL.Path, r.URL.RawPath = m[3], ""
		}
		_, pattern := mux.Handler(r)
		f := e.calls.take(callName(pattern))
		if !e.suffer(w, r, f) {
			return
		}
		if f.Cut {
			mux.ServeHTTP(deaf{header: http.Header{}}, r)
			panic(http.ErrAbortHandler)
		}
		if f.BreakAfter > 0 {
			w = &breaking{ResponseWriter: w, left: f.BreakAfter}
		}
		mux.ServeHTTP(w, r)
	})
}

// newer reports whether a version is beyond the engine's.
func newer(major, minor string) bool {
	var a, b, c, d int
	_, _ = fmt.Sscan(major+" "+minor, &a, &b)                          // digits, as the pattern says
	_, _ = fmt.Sscan(strings.Replace(APIVersion, ".", " ", 1), &c, &d) // a constant
	return a > c || a == c && b > d
}

func answer(w http.ResponseWriter, r *http.Request, do endpoint) {
	got, err := do(r)
	if err != nil {
		writeError(w, err)
		return
	}
	if got.status == 0 {
		got.status = http.StatusOK
	}
	if text, ok := got.body.(string); ok {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(got.status)
		_, _ = w.Write([]byte(text)) // a client that is gone
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(got.status)
	switch body := got.body.(type) {
	case nil:
	case []json.RawMessage:
		writeList(w, body)
	default:
		_ = json.NewEncoder(w).Encode(body) // a client that is gone
	}
}

// writeList writes what is JSON already, so that a list of thousands costs little.
func writeList(w http.ResponseWriter, list []json.RawMessage) {
	size := 3
	for _, one := range list {
		size += len(one) + 1
	}
	all := make([]byte, 0, size)
	all = append(all, '[')
	for i, one := range list {
		if i > 0 {
			all = append(all, ',')
		}
		all = append(all, one...)
	}
	_, _ = w.Write(append(all, "]\n"...)) // a client that is gone
}

func writeError(w http.ResponseWriter, err error) {
	f := failure{status: http.StatusInternalServerError, text: err.Error()}
	_ = errors.As(err, &f)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": f.text}) // a client that is gone
}

// readFilters reads the filters of a list, of which only some keys are known.
func readFilters(r *http.Request, known ...string) (filters.Args, error) {
	args, err := filters.FromJSON(r.URL.Query().Get("filters"))
	if err != nil {
		return args, failf(http.StatusBadRequest, "%s", err)
	}
	valid := map[string]bool{}
	for _, key := range known {
		valid[key] = true
	}
	for _, key := range args.Keys() {
		if !valid[key] {
			return args, failf(http.StatusBadRequest, "Invalid filter '%s'", key)
		}
	}
	return args, nil
}

// begins reports whether value begins with one of a filter's values, or there is none. Managers match names and IDs so.
func begins(args filters.Args, key, value string) bool {
	all := args.Get(key)
	for _, one := range all {
		if strings.HasPrefix(value, one) {
			return true
		}
	}
	return len(all) == 0
}

func readBody(r *http.Request, into any) error {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return failf(http.StatusBadRequest, "%s", err)
	}
	return nil
}

// encode makes JSON of a value of the API, which always can be.
func encode(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
