package function

import (
	"maps"
	"slices"
)

// Function is what a user deploys. What is set here comes back from a backend as it was given:
// images without a digest added, quantities verbatim.
type Function struct {
	// Name is the function's own name, without the namespace suffix that clients may add.
	Name string
	// Image names the container image, or for the local backend an image that its stack file knows.
	Image string
	// Process is the command that the watchdog runs, shell-style quoting understood. Empty: the image's own.
	Process string
	// Env is the environment of the watchdog and so of the process.
	Env map[string]string
	// Labels carry, among the user's own, the scaling labels that ParseScaling reads.
	Labels map[string]string
	// Annotations are kept for the user and never read by faas.
	Annotations map[string]string
	// Constraints are placement constraints in the orchestrator's own language.
	Constraints []string
	// Secrets are names of secrets that the function may read.
	Secrets []string
	// Limits are upper bounds of what one replica may use; Requests is what is reserved for it. Nil: none.
	Limits, Requests *Resources
	// ReadOnlyRootFilesystem mounts the replica's root read-only, with a writable /tmp.
	ReadOnlyRootFilesystem bool
	// Network is the network of the orchestrator that replicas are on. Empty: the one that functions share.
	Network string
	// RegistryAuth is what the image's registry wants, as ParseRegistryAuth reads it. Empty: nothing. It is a
	// secret that serves one deployment: it is never shown, logged or kept.
	RegistryAuth string `json:"-"`
}

// Resources are quantities as a user writes them, for example Memory "128Mi" and CPU "100m".
// ParseMemory and ParseCPU read them. Empty: not set.
type Resources struct {
	Memory string
	CPU    string
}

// Validate reports everything that makes f unfit to deploy, joined, each of kind ErrInvalid.
func (f Function) Validate() error {
	var errs errorList
	errs.add(ValidateName(f.Name))
	if _, err := f.ParseScaling(); err != nil {
		errs.add(err)
	}
	for _, r := range []struct {
		field string
		res   *Resources
	}{{"limits", f.Limits}, {"requests", f.Requests}} {
		if r.res == nil {
			continue
		}
		if _, err := ParseMemory(r.res.Memory); err != nil {
			errs.add(Invalidf("%s.memory: %w", r.field, err))
		}
		if _, err := ParseCPU(r.res.CPU); err != nil {
			errs.add(Invalidf("%s.cpu: %w", r.field, err))
		}
	}
	if f.Network != "" && !namePattern.MatchString(f.Network) {
		errs.add(Invalidf("network %q: use letters, digits, '-', '_' and '.', starting with a letter or digit", f.Network))
	}
	if f.RegistryAuth != "" {
		_, _, err := ParseRegistryAuth(f.RegistryAuth)
		errs.add(err)
	}
	for _, key := range slices.Sorted(maps.Keys(f.Env)) {
		if err := validateEnvName(key); err != nil {
			errs.add(err)
		}
	}
	return errs.err()
}

// Clone returns a deep copy of f.
func (f Function) Clone() Function {
	f.Env = maps.Clone(f.Env)
	f.Labels = maps.Clone(f.Labels)
	f.Annotations = maps.Clone(f.Annotations)
	f.Constraints = slices.Clone(f.Constraints)
	f.Secrets = slices.Clone(f.Secrets)
	f.Limits = f.Limits.clone()
	f.Requests = f.Requests.clone()
	return f
}

func (r *Resources) clone() *Resources {
	if r == nil {
		return nil
	}
	c := *r
	return &c
}
