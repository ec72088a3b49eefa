package swarmtest

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"
	"time"

	api "github.com/docker/docker/api/types/swarm"
)

var serviceName = regexp.MustCompile(`^[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*$`)

const minMemory = 4 << 20

// normalise makes of a spec what a manager keeps of it, or says why it refuses it.
func (e *Engine) normalise(spec *api.ServiceSpec) error {
	c := spec.TaskTemplate.ContainerSpec
	switch {
	case !serviceName.MatchString(spec.Name):
		return rpcf(http.StatusBadRequest, "InvalidArgument", "name must be valid as a DNS name component")
	case len(spec.Name) > 63:
		return rpcf(http.StatusBadRequest, "InvalidArgument", "name must be 63 characters or fewer")
	case c == nil:
		return rpcf(http.StatusBadRequest, "InvalidArgument", "TaskSpec: missing runtime")
	case c.Image == "":
		return rpcf(http.StatusBadRequest, "InvalidArgument", "ContainerSpec: image reference must be provided")
	}
	if err := e.checkNetworks(spec); err != nil {
		return err
	}
	if err := e.checkSecrets(c.Secrets); err != nil {
		return err
	}
	if err := checkResources(&spec.TaskTemplate); err != nil {
		return err
	}
	if spec.EndpointSpec != nil && spec.EndpointSpec.Mode == api.ResolutionModeDNSRR {
		for _, p := range spec.EndpointSpec.Ports {
			if cmp.Or(p.PublishMode, api.PortConfigPublishModeIngress) == api.PortConfigPublishModeIngress {
				return rpcf(http.StatusBadRequest, "InvalidArgument", "EndpointSpec: port published with ingress mode can't be used with dnsrr mode")
			}
		}
	}
	if spec.Mode.Replicated == nil && spec.Mode.Global == nil {
		one := uint64(1)
		spec.Mode.Replicated = &api.ReplicatedService{Replicas: &one}
	}
	if r := spec.Mode.Replicated; r != nil && r.Replicas == nil {
		r.Replicas = new(uint64)
	}
	if spec.Labels == nil {
		spec.Labels = map[string]string{}
	}
	if spec.TaskTemplate.Placement == nil {
		spec.TaskTemplate.Placement = &api.Placement{}
	}
	if p := spec.TaskTemplate.RestartPolicy; p != nil && p.MaxAttempts == nil {
		p.MaxAttempts = new(uint64)
	}
	c.Isolation = cmp.Or(c.Isolation, "default")
	spec.TaskTemplate.Runtime = cmp.Or(spec.TaskTemplate.Runtime, api.RuntimeContainer)
	return nil
}

func checkResources(t *api.TaskSpec) error {
	var l api.Limit
	if t.Resources != nil && t.Resources.Limits != nil {
		l = *t.Resources.Limits
	}
	r := reserved(t)
	for _, bytes := range []int64{l.MemoryBytes, r.MemoryBytes} {
		if bytes != 0 && bytes < minMemory {
			return rpcf(http.StatusBadRequest, "InvalidArgument", "invalid memory value %d: Must be at least 4MiB", bytes)
		}
	}
	for _, nanos := range []int64{l.NanoCPUs, r.NanoCPUs} {
		if nanos != 0 && nanos < 1e6 {
			return rpcf(http.StatusBadRequest, "InvalidArgument", "invalid cpu value %g: Must be at least %g", float64(nanos)/1e9, 1e6/1e9)
		}
	}
	return nil
}

// reserved is what a task keeps others from using.
func reserved(t *api.TaskSpec) api.Resources {
	if t.Resources == nil || t.Resources.Reservations == nil {
		return api.Resources{}
	}
	return *t.Resources.Reservations
}

// checkNetworks finds the networks of a spec, and keeps their IDs.
func (e *Engine) checkNetworks(spec *api.ServiceSpec) error {
	for i, at := range spec.TaskTemplate.Networks {
		n, err := e.findNetwork(at.Target)
		if err != nil {
			return failf(http.StatusInternalServerError, "%s", err)
		}
		spec.TaskTemplate.Networks[i].Target = n.ID
	}
	return nil
}

func (e *Engine) checkSecrets(refs []*api.SecretReference) error {
	var missing []string
	for _, ref := range refs {
		if s, err := e.findSecret(ref.SecretID); err != nil || s.ID != ref.SecretID || s.Spec.Name != ref.SecretName {
			missing = append(missing, ref.SecretName)
		}
	}
	switch len(missing) {
	case 0:
		return nil
	case 1:
		return rpcf(http.StatusBadRequest, "InvalidArgument", "secret not found: %s", missing[0])
	}
	return rpcf(http.StatusBadRequest, "InvalidArgument", "secrets not found: %s", strings.Join(missing, ", "))
}

// withDefaults shows what a manager would take where the spec says nothing. Written back, it is another task template, and
// every task is replaced.
func withDefaults(spec api.ServiceSpec) api.ServiceSpec {
	grace, delay, none, monitor := 10*time.Second, 5*time.Second, uint64(0), 5*time.Second
	if spec.TaskTemplate.ContainerSpec.StopGracePeriod == nil {
		spec.TaskTemplate.ContainerSpec.StopGracePeriod = &grace
	}
	if spec.TaskTemplate.RestartPolicy == nil {
		spec.TaskTemplate.RestartPolicy = &api.RestartPolicy{
			Condition: api.RestartPolicyConditionAny, Delay: &delay, MaxAttempts: &none,
		}
	}
	for _, u := range []**api.UpdateConfig{&spec.UpdateConfig, &spec.RollbackConfig} {
		if *u == nil {
			*u = &api.UpdateConfig{
				Parallelism: 1, FailureAction: api.UpdateFailureActionPause, Monitor: monitor, Order: api.UpdateOrderStopFirst,
			}
		}
	}
	return spec
}
