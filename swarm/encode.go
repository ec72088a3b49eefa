package swarm

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

const (
	envProcess  = "fprocess"
	defaultPort = "8080"
	metricsPort = "8081"
	// onLinux is the constraint of functions that name no platform.
	onLinux = "node.platform.os == linux"
)

// endTime is what a watchdog may take beyond the drain of its requests: it goes on taking some for a second while
// the gateways learn of its end, and then ends its own process.
const endTime = 6 * time.Second

// Swarm's restart policy for functions. Delay is 0 because it also holds up what replaces a lost node's replicas.
// A crash loop ends after maxRestarts in restartWindow, so that it costs little, and is revived later.
const (
	maxRestarts   = 10
	restartWindow = time.Minute
)

// newSpec is the service of a function that is not there yet.
func newSpec(f function.Function, r resolved, count uint64) (api.ServiceSpec, error) {
	spec := api.ServiceSpec{
		Mode:         api.ServiceMode{Replicated: &api.ReplicatedService{Replicas: &count}},
		EndpointSpec: &api.EndpointSpec{Mode: api.ResolutionModeDNSRR},
		TaskTemplate: api.TaskSpec{
			ContainerSpec: &api.ContainerSpec{},
			RestartPolicy: &api.RestartPolicy{
				Condition: api.RestartPolicyConditionAny, Delay: new(time.Duration),
				MaxAttempts: ptr(uint64(maxRestarts)), Window: ptr(restartWindow),
			},
			// The default keeps all that a function ever wrote.
			LogDriver: &api.Driver{Name: "json-file", Options: map[string]string{"max-size": "10m", "max-file": "3"}},
		},
	}
	return spec, encode(&spec, f, r)
}

// startFirst lets new replicas start before old ones go, where nobody has said how they are replaced: OpenFaaS's provider
// did not when it made a function, and Swarm's default ends the old one first. A port of the node stops it: two cannot
// have that.
func startFirst(spec *api.ServiceSpec) {
	if spec.Mode.Replicated == nil || spec.EndpointSpec != nil && slices.ContainsFunc(spec.EndpointSpec.Ports, ofNode) {
		return
	}
	if spec.UpdateConfig == nil {
		spec.UpdateConfig = &api.UpdateConfig{
			Parallelism: 2, Order: api.UpdateOrderStartFirst, FailureAction: api.UpdateFailureActionRollback,
			Monitor: 5 * time.Second,
		}
	}
	if spec.RollbackConfig == nil {
		spec.RollbackConfig = &api.UpdateConfig{
			Parallelism: 0, Order: api.UpdateOrderStartFirst, FailureAction: api.UpdateFailureActionPause,
		}
	}
}

func ofNode(p api.PortConfig) bool { return p.PublishMode == api.PortConfigPublishModeHost }

// encode puts f into spec and leaves what f says nothing of: the replica count, and all that somebody set
// by hand, such as mounts, further networks, or a health check. Labels stand on the service alone, so that a new threshold restarts nothing.
func encode(spec *api.ServiceSpec, f function.Function, r resolved) error {
	if spec.TaskTemplate.ContainerSpec == nil {
		spec.TaskTemplate.ContainerSpec = &api.ContainerSpec{}
	}
	startFirst(spec)
	c := spec.TaskTemplate.ContainerSpec
	grace, err := stopGrace(f.Env)
	if err != nil {
		return err
	}
	if _, err := readyPathOf(f); err != nil {
		return err
	}
	spec.Name = f.Name
	spec.Labels = serviceLabels(spec.Labels, f)
	spec.Labels[labelPinned] = r.image
	c.Labels = containerLabels(c.Labels, f.Name)
	c.Image = r.image
	c.Env = environ(f)
	c.ReadOnly = f.ReadOnlyRootFilesystem
	c.Mounts = withTmp(c.Mounts, f.ReadOnlyRootFilesystem)
	c.StopGracePeriod = &grace
	c.Secrets = r.secrets
	c.Healthcheck = healthcheck(c.Healthcheck, f)
	if len(spec.TaskTemplate.Networks) == 0 {
		spec.TaskTemplate.Networks, spec.Networks = spec.Networks, nil //nolint:staticcheck // where old clients put them
	}
	spec.TaskTemplate.Networks = attach(spec.TaskTemplate.Networks, r.networks)
	if err := limit(&spec.TaskTemplate, f); err != nil {
		return err
	}
	if spec.TaskTemplate.Placement == nil {
		spec.TaskTemplate.Placement = &api.Placement{}
	}
	spec.TaskTemplate.Placement.Constraints = constraints(f.Constraints)
	return nil
}

// serviceLabels are f's labels and annotations, what marks a function, and what belongs to tools.
func serviceLabels(before map[string]string, f function.Function) map[string]string {
	labels := map[string]string{}
	for key, value := range before {
		if strings.HasPrefix(key, "com.docker.stack.") && key != labelStackImage {
			labels[key] = value
		}
	}
	for key, value := range f.Labels {
		if !isManaged(key) {
			labels[key] = value
		}
	}
	for key, value := range f.Annotations {
		labels[labelAnnotation+key] = value
	}
	for prefix, r := range map[string]*function.Resources{labelLimits: f.Limits, labelRequests: f.Requests} {
		if r != nil && r.Memory != "" {
			labels[prefix+"memory"] = r.Memory
		}
		if r != nil && r.CPU != "" {
			labels[prefix+"cpu"] = r.CPU
		}
	}
	labels[labelFunction], labels[labelName], labels[labelImage] = "true", f.Name, f.Image
	return labels
}

// containerLabels keeps a tool's own labels and drops a user's, which are the service's from now on.
func containerLabels(before map[string]string, name string) map[string]string {
	labels := map[string]string{labelFunction: "true", labelName: name}
	for key, value := range before {
		if strings.HasPrefix(key, "com.docker.stack.") {
			labels[key] = value
		}
	}
	return labels
}

func environ(f function.Function) []string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(f.Env)) {
		if key == envProcess && f.Process != "" {
			continue
		}
		list = append(list, key+"="+f.Env[key])
	}
	if f.Process != "" {
		list = append(list, envProcess+"="+f.Process)
	}
	slices.Sort(list)
	return list
}

// withTmp gives a read-only root a writable /tmp, unless something is mounted there already.
func withTmp(mounts []mount.Mount, readOnly bool) []mount.Mount {
	ours := mount.Mount{Type: mount.TypeTmpfs, Target: "/tmp"}
	at := slices.IndexFunc(mounts, func(m mount.Mount) bool { return m.Target == ours.Target })
	switch {
	case readOnly && at < 0:
		return append(slices.Clone(mounts), ours)
	case !readOnly && at >= 0 && mounts[at].Type == mount.TypeTmpfs && mounts[at].TmpfsOptions == nil:
		return slices.Delete(slices.Clone(mounts), at, at+1)
	}
	return mounts
}

// healthcheck turns the image's own check off, because Swarm calls a task running only after its first pass, which
// comes an interval late: a wake would take seconds. Whether a replica takes requests is asked of its watchdog.
func healthcheck(before *container.HealthConfig, f function.Function) *container.HealthConfig {
	off := before != nil && slices.Equal(before.Test, []string{"NONE"})
	switch keep := f.Annotations[function.AnnotationHealthcheck] == "image"; {
	case keep && off:
		return nil
	case !keep && before == nil:
		return &container.HealthConfig{Test: []string{"NONE"}}
	}
	return before
}

// attach adds what is wanted to the networks that are there.
func attach(before, wanted []api.NetworkAttachmentConfig) []api.NetworkAttachmentConfig {
	all := slices.Clone(before)
	for _, w := range wanted {
		if !slices.ContainsFunc(all, func(n api.NetworkAttachmentConfig) bool { return n.Target == w.Target }) {
			all = append(all, w)
		}
	}
	return all
}

// limit sets memory and processor time, which validation has accepted, and leaves other resources.
func limit(task *api.TaskSpec, f function.Function) error {
	if task.Resources == nil {
		task.Resources = &api.ResourceRequirements{}
	}
	r := task.Resources
	memory, nanos, err := units(f.Limits)
	if err != nil {
		return err
	}
	if r.Limits == nil && memory|nanos != 0 {
		r.Limits = &api.Limit{}
	}
	if r.Limits != nil {
		r.Limits.MemoryBytes, r.Limits.NanoCPUs = memory, nanos
	}
	if memory, nanos, err = units(f.Requests); err != nil {
		return err
	}
	if r.Reservations == nil && memory|nanos != 0 {
		r.Reservations = &api.Resources{}
	}
	if r.Reservations != nil {
		r.Reservations.MemoryBytes, r.Reservations.NanoCPUs = memory, nanos
	}
	return nil
}

// units are those of Swarm; none where nothing is said.
func units(r *function.Resources) (bytes, nanos int64, err error) {
	if r == nil {
		return 0, 0, nil
	}
	if bytes, err = function.ParseMemory(r.Memory); err != nil {
		return 0, 0, err
	}
	millis, err := function.ParseCPU(r.CPU)
	return bytes, millis * nanosPerMilli, err
}

// constraints are the user's, and Linux where they name no platform.
func constraints(given []string) []string {
	for _, c := range given {
		if strings.Contains(c, "node.platform.os") {
			return given
		}
	}
	return append(slices.Clone(given), onLinux)
}

// stopGrace is how long Swarm waits after SIGTERM: as long as a request may take, and what the watchdog needs itself.
func stopGrace(env map[string]string) (time.Duration, error) {
	drain, err := function.DrainTime(env)
	if err != nil {
		return 0, err
	}
	lame, err := strconv.Atoi(env["healthcheck_interval"])
	interval := time.Duration(lame) * time.Second
	if err != nil {
		interval, _ = time.ParseDuration(env["healthcheck_interval"]) // 0 where the watchdog would refuse it
	}
	return drain + interval + endTime, nil
}

func ptr[T any](v T) *T { return &v }
