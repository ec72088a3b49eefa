package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// engine is a Docker Engine's API, as far as the bench itself uses it: it measures beside the gateway's client, and
// polls too often for the docker command.
type engine struct {
	base string
	http *http.Client
}

func newEngine(host string) (*engine, error) {
	at, err := url.Parse(host)
	if err != nil {
		return nil, fmt.Errorf("docker host: %w", err)
	}
	e := &engine{base: "http://docker", http: &http.Client{Timeout: 30 * time.Second}}
	switch at.Scheme {
	case "unix":
		e.http.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", at.Path)
		}}
	case "tcp":
		e.base = "http://" + at.Host
		e.http.Transport = &http.Transport{}
	default:
		return nil, fmt.Errorf("docker host %q: write it as unix:///var/run/docker.sock or tcp://HOST:PORT", host)
	}
	return e, nil
}

// service is a service of the Swarm. Its spec is kept as it came, so that it can be written back.
type service struct {
	ID      string
	Version struct{ Index uint64 }
	Spec    map[string]any
}

// task is a task of a service.
type task struct {
	ID                  string
	DesiredState        string
	Status              struct{ State string }
	NetworksAttachments []struct {
		Network   struct{ ID string }
		Addresses []string
	}
}

// alive reports whether the task runs, or is about to.
func (t task) alive() bool {
	switch t.Status.State {
	case "complete", "shutdown", "failed", "rejected", "remove", "orphaned":
		return false
	}
	return true
}

// running reports whether the task runs and shall.
func (t task) running() bool { return t.Status.State == "running" && t.DesiredState == "running" }

// address is the task's address, without its prefix length, on the first of its networks: functions have one.
func (t task) address() string {
	for _, a := range t.NetworksAttachments {
		if len(a.Addresses) > 0 {
			addr, _, _ := strings.Cut(a.Addresses[0], "/")
			return addr
		}
	}
	return ""
}

func (e *engine) service(ctx context.Context, nameOrID string) (service, error) {
	var s service
	err := e.get(ctx, "/services/"+nameOrID, nil, &s)
	return s, err
}

// createService makes a service and returns its ID.
func (e *engine) createService(ctx context.Context, spec map[string]any) (string, error) {
	var created struct{ ID string }
	err := e.do(ctx, http.MethodPost, "/services/create", nil, spec, &created)
	return created.ID, err
}

// scale is what `docker service scale` does: it reads the service and writes it back with another count.
func (e *engine) scale(ctx context.Context, id string, replicas int) error {
	s, err := e.service(ctx, id)
	if err != nil {
		return err
	}
	return e.write(ctx, s, replicas)
}

// write writes a service back with another count.
func (e *engine) write(ctx context.Context, s service, replicas int) error {
	s.Spec["Mode"] = replicated(replicas)
	version := url.Values{"version": {fmt.Sprint(s.Version.Index)}}
	return e.do(ctx, http.MethodPost, "/services/"+s.ID+"/update", version, s.Spec, nil)
}

func (e *engine) removeService(ctx context.Context, id string) error {
	return e.do(ctx, http.MethodDelete, "/services/"+id, nil, nil, nil)
}

// tasks lists the tasks of a service by its ID, dead ones too.
func (e *engine) tasks(ctx context.Context, id string) ([]task, error) {
	var list []task
	err := e.get(ctx, "/tasks", map[string][]string{"service": {id}}, &list)
	return list, err
}

// containersOn lists the IDs of the containers on this node that are on a network, with their names.
func (e *engine) containersOn(ctx context.Context, network string) (map[string]string, error) {
	var list []struct {
		ID    string `json:"Id"`
		Names []string
	}
	err := e.get(ctx, "/containers/json", map[string][]string{"network": {network}}, &list)
	found := map[string]string{}
	for _, c := range list {
		found[c.ID] = strings.Join(c.Names, " ")
	}
	return found, err
}

// pid is the process of a container, as this machine sees it.
func (e *engine) pid(ctx context.Context, container string) (int, error) {
	var c struct{ State struct{ Pid int } }
	err := e.get(ctx, "/containers/"+container+"/json", nil, &c)
	return c.State.Pid, err
}

func (e *engine) get(ctx context.Context, path string, filters map[string][]string, into any) error {
	query := url.Values{}
	if filters != nil {
		text, err := json.Marshal(filters)
		if err != nil {
			return err
		}
		query.Set("filters", string(text))
	}
	return e.do(ctx, http.MethodGet, path, query, nil, into)
}

func (e *engine) do(ctx context.Context, method, path string, query url.Values, body, into any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, e.base+path+"?"+query.Encode(), bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := e.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode > 299 {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, strings.TrimSpace(string(answer)))
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

func replicated(replicas int) map[string]any {
	return map[string]any{"Replicated": map[string]any{"Replicas": replicas}}
}
