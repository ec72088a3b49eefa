package gateway

import (
	"maps"

	"faas/api"
	"faas/function"
)

// deployed turns a client's wish into a function, or says all that is wrong with it.
func deployed(d api.FunctionDeployment) (function.Function, error) {
	f := function.Function{
		Name:                   function.TrimNamespace(d.Service),
		Image:                  d.Image,
		Process:                d.EnvProcess,
		Env:                    d.EnvVars,
		Constraints:            d.Constraints,
		Secrets:                d.Secrets,
		Limits:                 resources(d.Limits),
		Requests:               resources(d.Requests),
		ReadOnlyRootFilesystem: d.ReadOnlyRootFilesystem,
		Network:                d.Network,
		RegistryAuth:           d.RegistryAuth,
	}
	if d.Labels != nil {
		f.Labels = *d.Labels
	}
	if d.Annotations != nil {
		f.Annotations = *d.Annotations
	}
	if d.Service == "" {
		return f, function.Invalidf("service is missing: name the function")
	}
	if d.Image == "" && d.EnvProcess == "" {
		return f, function.Invalidf("image is missing: say what function %s runs", f.Name)
	}
	return f, f.Validate()
}

// described is the other way: a function as clients see it. Labels and annotations are never null.
func described(s function.Status) api.FunctionStatus {
	return api.FunctionStatus{
		Name:                   s.Name,
		Image:                  s.Image,
		Namespace:              function.Namespace,
		EnvProcess:             s.Process,
		EnvVars:                s.Env,
		Constraints:            s.Constraints,
		Secrets:                s.Secrets,
		Labels:                 orEmpty(s.Labels),
		Annotations:            orEmpty(s.Annotations),
		Limits:                 apiResources(s.Limits),
		Requests:               apiResources(s.Requests),
		ReadOnlyRootFilesystem: s.ReadOnlyRootFilesystem,
		Replicas:               s.Desired,
		AvailableReplicas:      s.Available(),
		StartingReplicas:       s.Starting(),
		CreatedAt:              s.CreatedAt,
		Blocked:                s.Blocked,
	}
}

func resources(r *api.FunctionResources) *function.Resources {
	if r == nil {
		return nil
	}
	return &function.Resources{Memory: r.Memory, CPU: r.CPU}
}

func apiResources(r *function.Resources) *api.FunctionResources {
	if r == nil || *r == (function.Resources{}) {
		return nil
	}
	return &api.FunctionResources{Memory: r.Memory, CPU: r.CPU}
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return maps.Clone(m)
}
