package swarm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// decoded is the function that a service is, as its user deployed it.
func decoded(spec api.ServiceSpec) function.Function {
	f := function.Function{
		Name:        spec.Name,
		Labels:      userLabels(spec),
		Annotations: annotations(spec),
		Limits:      limitsOf(spec),
		Requests:    requestsOf(spec),
	}
	if p := spec.TaskTemplate.Placement; p != nil {
		for _, c := range p.Constraints {
			if c != onLinux {
				f.Constraints = append(f.Constraints, c)
			}
		}
	}
	c := spec.TaskTemplate.ContainerSpec
	if c == nil {
		return f
	}
	f.Image = imageOf(spec)
	f.ReadOnlyRootFilesystem = c.ReadOnly
	for _, variable := range c.Env {
		key, value, _ := strings.Cut(variable, "=")
		if key == envProcess {
			f.Process = value
			continue
		}
		if f.Env == nil {
			f.Env = map[string]string{}
		}
		f.Env[key] = value
	}
	for _, s := range c.Secrets {
		if s == nil {
			continue
		}
		if name := secretName(s); !slices.Contains(f.Secrets, name) {
			f.Secrets = append(f.Secrets, name)
		}
	}
	return f
}

// imageOf is the image as it was deployed: the spec has the ID or digest that it is pinned to. A label says so only for as
// long as nobody has given the service another image by hand.
func imageOf(spec api.ServiceSpec) string {
	present := spec.TaskTemplate.ContainerSpec.Image
	name, _, _ := strings.Cut(present, "@")
	if label, pinned := spec.Labels[labelImage], spec.Labels[labelPinned]; label != "" && (present == pinned || name == pinned) {
		return label
	}
	if image := spec.Labels[labelStackImage]; image != "" && image == name {
		return image
	}
	return name
}

// aliasOf is the name without that of the stack which the service belongs to. Empty: it belongs to none.
func aliasOf(spec api.ServiceSpec) string {
	stack := spec.Labels[labelStack]
	if stack == "" {
		return ""
	}
	alias, ok := strings.CutPrefix(spec.Name, stack+"_")
	if !ok {
		return ""
	}
	return alias
}

func limitsOf(spec api.ServiceSpec) *function.Resources {
	r := spec.TaskTemplate.Resources
	if r == nil || r.Limits == nil {
		return nil
	}
	return quantities(spec.Labels, labelLimits, r.Limits.MemoryBytes, r.Limits.NanoCPUs)
}

func requestsOf(spec api.ServiceSpec) *function.Resources {
	r := spec.TaskTemplate.Resources
	if r == nil || r.Reservations == nil {
		return nil
	}
	return quantities(spec.Labels, labelRequests, r.Reservations.MemoryBytes, r.Reservations.NanoCPUs)
}

// nanosPerMilli is what Swarm counts processor time in.
const nanosPerMilli = 1e6

// quantities are what stands in the spec, in the words in which it was deployed where these still say the same.
func quantities(labels map[string]string, prefix string, bytes, nanos int64) *function.Resources {
	if bytes == 0 && nanos == 0 {
		return nil
	}
	r := &function.Resources{Memory: labels[prefix+"memory"], CPU: labels[prefix+"cpu"]}
	if n, err := function.ParseMemory(r.Memory); err != nil || n != bytes {
		r.Memory = writtenMemory(bytes)
	}
	if n, err := function.ParseCPU(r.CPU); err != nil || n*nanosPerMilli != nanos {
		r.CPU = ""
		if nanos > 0 {
			r.CPU = strconv.FormatInt(max(1, nanos/nanosPerMilli), 10) + "m"
		}
	}
	return r
}

func writtenMemory(bytes int64) string {
	switch {
	case bytes == 0:
		return ""
	case bytes%(1<<20) == 0:
		return fmt.Sprintf("%dMi", bytes>>20)
	}
	return strconv.FormatInt(bytes, 10)
}

// portOf is where the watchdog in a service's containers listens.
func portOf(spec api.ServiceSpec) string {
	if c := spec.TaskTemplate.ContainerSpec; c != nil {
		for _, variable := range c.Env {
			if port, ok := strings.CutPrefix(variable, "port="); ok {
				return port
			}
		}
	}
	return defaultPort
}
