package swarmtest

import (
	"encoding/json"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/events"
	api "github.com/docker/docker/api/types/swarm"
)

// secret is one whose value never leaves the Swarm.
type secret struct {
	api.Secret
	value []byte
}

// SecretValue returns what a secret holds, for tests to look at. Nil: there is no such secret.
func (e *Engine) SecretValue(name string) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.findSecret(name)
	if err != nil {
		return nil
	}
	return slices.Clone(s.value)
}

// ReadSecret returns what the container of a task reads from a file below /run/secrets, or another that a secret was
// mounted at. The task is named as for Kill.
func (e *Engine) ReadSecret(task, file string) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.taskIn(task)
	if t == nil || t.Status.State != api.TaskStateRunning {
		return nil, notFound("running task", task)
	}
	for _, ref := range t.Spec.ContainerSpec.Secrets {
		at := ref.File.Name
		if !path.IsAbs(at) {
			at = path.Join("/run/secrets", at)
		}
		if at == file {
			return slices.Clone(t.secrets[ref.SecretID]), nil
		}
	}
	return nil, notFound("file", file)
}

// sendSecrets sends a task's secrets to its node, which keeps them until the task has ended.
func (e *Engine) sendSecrets(t *task) {
	t.secrets = map[string][]byte{}
	for _, ref := range t.Spec.ContainerSpec.Secrets {
		if s, err := e.findSecret(ref.SecretID); err == nil {
			t.secrets[ref.SecretID] = s.value
		}
	}
}

// missingSecret is the ID of a secret that a task's node was not sent, because it was gone. Empty: it has all.
func (t *task) missingSecret() string {
	for _, ref := range t.Spec.ContainerSpec.Secrets {
		if _, ok := t.secrets[ref.SecretID]; !ok {
			return ref.SecretID
		}
	}
	return ""
}

func (e *Engine) findSecret(name string) (*secret, error) {
	for _, s := range e.secrets {
		if s.ID == name || s.Spec.Name == name {
			return s, nil
		}
	}
	return nil, notFound("secret", name)
}

func (e *Engine) listSecrets(r *http.Request) (reply, error) {
	args, err := readFilters(r, "name", "names", "id", "label")
	if err != nil {
		return reply{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	list := []json.RawMessage{}
	for _, s := range e.secrets {
		if begins(args, "name", s.Spec.Name) && begins(args, "id", s.ID) && args.ExactMatch("names", s.Spec.Name) &&
			args.MatchKVList("label", s.Spec.Labels) {
			list = append(list, encode(s.Secret))
		}
	}
	return reply{body: list}, nil
}

func (e *Engine) inspectSecret(r *http.Request) (reply, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.findSecret(r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	return reply{body: encode(s.Secret)}, nil
}

func (e *Engine) createSecret(r *http.Request) (reply, error) {
	var spec api.SecretSpec
	if err := readBody(r, &spec); err != nil {
		return reply{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := checkSecret(spec); err != nil {
		return reply{}, err
	}
	for _, s := range e.secrets {
		if s.Spec.Name == spec.Name {
			return reply{}, rpcf(http.StatusConflict, "AlreadyExists", "secret %s already exists", spec.Name)
		}
	}
	s := &secret{value: spec.Data}
	spec.Data = nil
	if spec.Labels == nil {
		spec.Labels = map[string]string{}
	}
	s.ID, s.Spec = e.newID("secret"), spec
	e.meta(&s.Meta)
	e.secrets = append(e.secrets, s)
	e.tell(events.SecretEventType, events.ActionCreate, s.ID, map[string]string{"name": spec.Name})
	return reply{status: http.StatusCreated, body: map[string]string{"ID": s.ID}}, nil
}

var secretName = regexp.MustCompile(`^[a-zA-Z0-9]+(?:[a-zA-Z0-9-_.]*[a-zA-Z0-9])?$`)

func checkSecret(spec api.SecretSpec) error {
	const most = 500 << 10
	switch {
	case spec.Name == "":
		return rpcf(http.StatusBadRequest, "InvalidArgument", "name must be provided")
	case len(spec.Name) > 64 || !secretName.MatchString(spec.Name):
		return rpcf(http.StatusBadRequest, "InvalidArgument",
			"invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]")
	case len(spec.Data) == 0 || len(spec.Data) >= most:
		return rpcf(http.StatusBadRequest, "InvalidArgument", "secret data must be larger than 0 and less than %d bytes", most)
	}
	return nil
}

func (e *Engine) updateSecret(r *http.Request) (reply, error) {
	var spec api.SecretSpec
	if err := readBody(r, &spec); err != nil {
		return reply{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.findSecret(r.PathValue("id"))
	switch {
	case err != nil:
		return reply{}, err
	case r.URL.Query().Get("version") != strconv.FormatUint(s.Version.Index, 10):
		return reply{}, errStale
	case spec.Name != s.Spec.Name || len(spec.Data) > 0:
		return reply{}, rpcf(http.StatusBadRequest, "InvalidArgument", "only updates to Labels are allowed")
	}
	s.Spec.Labels = spec.Labels
	e.meta(&s.Meta)
	e.tell(events.SecretEventType, events.ActionUpdate, s.ID, map[string]string{"name": spec.Name})
	return reply{}, nil
}

func (e *Engine) removeSecret(r *http.Request) (reply, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.findSecret(r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	var users []string
	for _, one := range e.sortedServices() {
		for _, ref := range one.Spec.TaskTemplate.ContainerSpec.Secrets {
			if ref.SecretID == s.ID {
				users = append(users, one.Spec.Name)
			}
		}
	}
	if len(users) > 0 {
		word := "service"
		if len(users) > 1 {
			word = "services"
		}
		return reply{}, rpcf(http.StatusBadRequest, "InvalidArgument", "secret '%s' is in use by the following %s: %s",
			s.Spec.Name, word, strings.Join(users, ", "))
	}
	e.secrets = slices.DeleteFunc(e.secrets, func(other *secret) bool { return other == s })
	e.tell(events.SecretEventType, events.ActionRemove, s.ID, map[string]string{"name": s.Spec.Name})
	return reply{status: http.StatusNoContent}, nil
}
