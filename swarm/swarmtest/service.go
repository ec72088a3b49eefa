package swarmtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/events"
	api "github.com/docker/docker/api/types/swarm"
)

// service is a service and what the Swarm does for it.
type service struct {
	api.Service
	raw     json.RawMessage        // nil: to be made
	retries map[string][]time.Time // when a task was restarted, by slot
	rollout *rollout               // nil: no update goes on
	serial  int                    // services are listed in the order of their creation
}

func (s *service) json() json.RawMessage {
	if s.raw == nil {
		s.raw = encode(s.Service)
	}
	return s.raw
}

// idLength is how many letters Swarm's IDs have.
const idLength = 25

// newID makes the ID of the next thing of a kind.
func (e *Engine) newID(kind string) string {
	e.made[kind]++
	return fmt.Sprintf("%s%0*d", kind, idLength-len(kind), e.made[kind])
}

// meta stamps a thing that is new or changed.
func (e *Engine) meta(m *api.Meta) {
	e.version++
	m.Version.Index = e.version
	m.UpdatedAt = time.Now().UTC()
	if m.CreatedAt.IsZero() {
		m.CreatedAt = m.UpdatedAt
	}
}

// changed stamps a service and forgets its JSON.
func (e *Engine) changed(s *service) {
	e.meta(&s.Meta)
	s.raw = nil
}

// findService finds by ID, name, or what only one ID begins with.
func (e *Engine) findService(name string) (*service, error) {
	if s := e.services[name]; s != nil {
		return s, nil
	}
	var found []*service
	for _, s := range e.services {
		if s.Spec.Name == name {
			return s, nil
		}
		if strings.HasPrefix(s.ID, name) {
			found = append(found, s)
		}
	}
	switch len(found) {
	case 0:
		return nil, notFound("service", name)
	case 1:
		return found[0], nil
	}
	return nil, failf(http.StatusInternalServerError, "service %s is ambiguous (%d matches found)", name, len(found))
}

func (e *Engine) sortedServices() []*service {
	return slices.SortedFunc(maps.Values(e.services), func(a, b *service) int { return a.serial - b.serial })
}

func (e *Engine) listServices(r *http.Request) (reply, error) {
	args, err := readFilters(r, "name", "id", "label", "mode", "runtime")
	if err != nil {
		return reply{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	list := []json.RawMessage{}
	for _, s := range e.sortedServices() {
		mode := "replicated"
		if s.Spec.Mode.Global != nil {
			mode = "global"
		}
		if begins(args, "name", s.Spec.Name) && begins(args, "id", s.ID) && args.MatchKVList("label", s.Spec.Labels) &&
			args.ExactMatch("mode", mode) {
			list = append(list, s.json())
		}
	}
	return reply{body: list}, nil
}

func (e *Engine) inspectService(r *http.Request) (reply, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.findService(r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	if r.URL.Query().Get("insertDefaults") == "true" {
		full := s.Service
		full.Spec = withDefaults(cloneSpec(full.Spec))
		return reply{body: full}, nil
	}
	return reply{body: s.json()}, nil
}

func (e *Engine) createService(r *http.Request) (reply, error) {
	var spec api.ServiceSpec
	if err := readBody(r, &spec); err != nil {
		return reply{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	id, err := e.create(spec)
	return reply{status: http.StatusCreated, body: map[string]string{"ID": id}}, err
}

// CreateService makes a service as somebody else than the backend would, and returns its ID.
func (e *Engine) CreateService(spec api.ServiceSpec) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.create(cloneSpec(spec))
}

func (e *Engine) create(spec api.ServiceSpec) (string, error) {
	if err := e.normalise(&spec); err != nil {
		return "", err
	}
	for _, other := range e.services {
		if other.Spec.Name == spec.Name {
			return "", rpcf(http.StatusConflict, "AlreadyExists", "name conflicts with an existing object: service %s already exists", spec.Name)
		}
	}
	s := &service{retries: map[string][]time.Time{}}
	s.ID, s.Spec, s.serial = e.newID("service"), spec, e.made["service"]
	s.Endpoint.Spec = api.EndpointSpec{}
	e.changed(s)
	e.services[s.ID] = s
	e.tell(events.ServiceEventType, events.ActionCreate, s.ID, map[string]string{"name": spec.Name})
	e.reconcile(s)
	return s.ID, nil
}

func (e *Engine) updateService(r *http.Request) (reply, error) {
	var spec api.ServiceSpec
	if err := readBody(r, &spec); err != nil {
		return reply{}, err
	}
	at, err := strconv.ParseUint(r.URL.Query().Get("version"), 10, 64)
	if err != nil {
		return reply{}, failf(http.StatusBadRequest, "invalid service version '%s': %s", r.URL.Query().Get("version"), err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.findService(r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	if at != s.Version.Index {
		return reply{}, errStale
	}
	if r.URL.Query().Get("rollback") == "previous" {
		if s.PreviousSpec == nil {
			return reply{}, rpcf(http.StatusBadRequest, "FailedPrecondition", "service %s does not have a previous spec", s.ID)
		}
		spec = cloneSpec(*s.PreviousSpec)
	}
	if err := e.update(s, spec); err != nil {
		return reply{}, err
	}
	if r.Header.Get(stuckHeader) == "" {
		e.act(s)
	}
	return reply{body: map[string]any{"Warnings": nil}}, nil
}

// UpdateService changes a service as somebody else than the backend would.
func (e *Engine) UpdateService(name string, change func(*api.ServiceSpec)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.findService(name)
	if err != nil {
		return err
	}
	spec := cloneSpec(s.Spec)
	change(&spec)
	if err := e.update(s, spec); err != nil {
		return err
	}
	e.act(s)
	return nil
}

// act makes of a service's tasks what its spec says.
func (e *Engine) act(s *service) {
	e.reconcile(s)
	e.rollOut(s)
}

func (e *Engine) update(s *service, spec api.ServiceSpec) error {
	if err := e.normalise(&spec); err != nil {
		return err
	}
	if spec.Name != s.Spec.Name {
		return rpcf(http.StatusNotImplemented, "Unimplemented", "renaming services is not supported")
	}
	if (spec.Mode.Global == nil) != (s.Spec.Mode.Global == nil) {
		return rpcf(http.StatusNotImplemented, "Unimplemented", "service mode change is not allowed")
	}
	attributes := map[string]string{"name": spec.Name}
	if from, to := replicas(s.Spec), replicas(spec); from != to {
		attributes["replicas.old"], attributes["replicas.new"] = strconv.Itoa(from), strconv.Itoa(to)
	}
	if from, to := s.Spec.TaskTemplate.ContainerSpec.Image, spec.TaskTemplate.ContainerSpec.Image; from != to {
		attributes["image.old"], attributes["image.new"] = from, to
	}
	previous := s.Spec
	s.PreviousSpec, s.Spec, s.UpdateStatus = &previous, spec, nil
	clear(s.retries)
	e.changed(s)
	e.tell(events.ServiceEventType, events.ActionUpdate, s.ID, attributes)
	return nil
}

// touch changes nothing of a service but its version.
func (e *Engine) touch(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s, err := e.findService(name); err == nil {
		e.changed(s)
	}
}

func (e *Engine) removeService(r *http.Request) (reply, error) {
	return reply{}, e.RemoveService(r.PathValue("id"))
}

// RemoveService removes a service as somebody else than the backend would.
func (e *Engine) RemoveService(name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.findService(name)
	if err != nil {
		return err
	}
	delete(e.services, s.ID)
	s.rollout = nil
	e.tell(events.ServiceEventType, events.ActionRemove, s.ID, map[string]string{"name": s.Spec.Name})
	for _, t := range e.tasksOf(s.ID) {
		e.desire(t, api.TaskStateRemove)
	}
	return nil
}

func replicas(spec api.ServiceSpec) int {
	if spec.Mode.Replicated == nil || spec.Mode.Replicated.Replicas == nil {
		return 0
	}
	return int(*spec.Mode.Replicated.Replicas) //nolint:gosec // a test's own count
}

func cloneSpec(spec api.ServiceSpec) api.ServiceSpec {
	var c api.ServiceSpec
	if err := json.Unmarshal(encode(spec), &c); err != nil {
		panic(err) // it was JSON a moment ago
	}
	return c
}
