package local

import (
	"cmp"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"faas/function"
)

// watchdogEndTime is what a watchdog may take beyond the drain of its requests to end itself.
const watchdogEndTime = time.Second

// spec is what makes a function's replicas: two equal specs need no restart. Labels, annotations other
// than function.AnnotationNoFile, those of stack files, and limits of memory are not in it, since they apply to running replicas.
type spec struct {
	dir     string
	ownDir  bool   // dir is the function's alone, in the data directory
	process string // empty in static mode
	build   string // of function.AnnotationBuild
	env     map[string]string
	noFile  uint64 // 0: as the backend itself
	// secrets has the version of each secret that it may read; 0: it does not exist yet.
	secrets map[string]int
	// upstream is the address that an http-mode function's server is expected at, whose port is
	// replaced by one of the replica's own. Nil: nothing to replace.
	upstream *url.URL
	// drain is the longest time that requests may still need after the replica is told to end.
	drain time.Duration
}

func (s spec) equal(o spec) bool {
	return s.dir == o.dir && s.process == o.process && s.build == o.build && s.noFile == o.noFile && maps.Equal(s.env, o.env) &&
		maps.Equal(s.secrets, o.secrets)
}

// checkHere reports what makes f unfit for this backend, before anything is resolved.
func checkHere(f function.Function) error {
	if err := f.Validate(); err != nil {
		return err
	}
	if err := function.ValidateSecretNames(f.Secrets); err != nil {
		return err
	}
	if dir, ok := f.Annotations[function.AnnotationHandler]; ok {
		if info, err := os.Stat(dir); !filepath.IsAbs(dir) || err != nil || !info.IsDir() {
			return function.Invalidf("annotation %s=%q: it is no absolute path of a directory on the gateway's machine", function.AnnotationHandler, dir)
		}
	}
	_, err := noFileLimit(f.Annotations)
	return err
}

// newSpec makes f's spec. What f leaves out comes from defaults, the stack file's function of its image.
func newSpec(f function.Function, defaults entry) (spec, error) {
	env := maps.Clone(defaults.function.Env)
	if env == nil {
		env = map[string]string{}
	}
	maps.Copy(env, f.Env)
	s := spec{
		dir: defaults.dir,
		process: cmp.Or(f.Process, f.Env["fprocess"], f.Env["function_process"],
			defaults.function.Process, env["fprocess"], env["function_process"], defaults.process),
		env: env, build: f.Annotations[function.AnnotationBuild],
	}
	if s.process == "" && (env["mode"] != "static" || env["static_path"] == "") {
		return spec{}, function.Invalidf("no process to run: the local backend runs a command, not an image; " +
			"set fprocess (in a stack file) or envProcess (in the API), such as \"cat\"")
	}
	if path, set := env[secretPathVariable]; set && len(f.Secrets) > 0 {
		return spec{}, function.Invalidf("environment %s=%q: leave it out of a function with secrets; "+
			"the local backend sets it, to the directory where they are", secretPathVariable, path)
	}
	var err error
	if s.noFile, err = noFileLimit(f.Annotations); err != nil {
		return spec{}, err
	}
	if s.upstream, err = loopbackUpstream(env); err != nil {
		return spec{}, err
	}
	if s.drain, err = function.DrainTime(env); err != nil {
		return spec{}, err
	}
	s.drain += watchdogEndTime
	return s, nil
}

func noFileLimit(annotations map[string]string) (uint64, error) {
	value, ok := annotations[function.AnnotationNoFile]
	if !ok {
		return 0, nil
	}
	highest := maxOpenFiles()
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
	if err != nil || n < 16 || n > highest {
		return 0, function.Invalidf("annotation %s=%q: use a whole number from 16 to %d, this machine's hard limit",
			function.AnnotationNoFile, value, highest)
	}
	return n, nil
}

// loopbackUpstream reads upstream_url of an http-mode function. Nil: there is none on this machine that
// names a port.
func loopbackUpstream(env map[string]string) (*url.URL, error) {
	raw := cmp.Or(env["http_upstream_url"], env["upstream_url"]) // as the watchdog reads them
	if env["mode"] != "http" || raw == "" {
		return nil, nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return nil, function.Invalidf("environment upstream_url (http_upstream_url)=%q: write it as http://127.0.0.1:8082", raw)
	}
	ip := net.ParseIP(u.Hostname())
	if u.Port() == "" || (u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return nil, nil
	}
	return u, nil
}

// environ is the environment of one replica, sorted: base, then the function's, then what the backend
// itself must decide. A port other than 0 is the replica's own for its http server, and secrets the directory of
// those that it may read; empty: it has none.
func (s spec) environ(base map[string]string, id string, port int, secrets string) []string {
	env := maps.Clone(base)
	maps.Copy(env, s.env)
	if s.process != "" {
		env["fprocess"] = s.process
		delete(env, "function_process")
	}
	env["suppress_lock"] = "true" // the lock is one file for the whole machine
	env["LISTEN_FDS"] = "2"
	env["LISTEN_FDNAMES"] = "http:metrics"
	env[replicaMark] = id
	if secrets != "" {
		env[secretPathVariable] = secrets + string(filepath.Separator) // functions join it with the name as it is
	}
	if s.upstream != nil && port != 0 {
		u := *s.upstream
		u.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(port))
		env["upstream_url"] = u.String()
		delete(env, "http_upstream_url") // its older name, which counts more
		env["PORT"] = strconv.Itoa(port)
	}
	list := make([]string, 0, len(env))
	for _, key := range slices.Sorted(maps.Keys(env)) {
		list = append(list, key+"="+env[key])
	}
	return list
}
