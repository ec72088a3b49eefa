package swarm

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	api "github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"

	"faas/function"
)

// The parts of Docker's API that the backend uses, so that another client can take this one's place.
type (
	// services are the services of the Swarm.
	services interface {
		listServices(context.Context) ([]api.Service, error)
		inspectService(ctx context.Context, nameOrID string) (api.Service, error)
		createService(ctx context.Context, spec api.ServiceSpec, auth string) (id string, err error)
		// updateService replaces the spec of the service as it was at its version; errStale when there is a newer one.
		updateService(ctx context.Context, at api.Service, auth string) error
		removeService(ctx context.Context, id string) error
	}
	// cluster is what else the managers keep.
	cluster interface {
		listTasks(ctx context.Context, which look) ([]api.Task, error)
		listNodes(context.Context) ([]api.Node, error)
		listNetworks(ctx context.Context, args filters.Args) ([]network.Summary, error)
		// follow tells what happens to services and nodes until ctx ends or the connection does.
		follow(ctx context.Context, opened func(), see func(events.Message)) error
	}
	// secrets are Docker's, whose values go one way only.
	secrets interface {
		listSecrets(context.Context) ([]api.Secret, error)
		createSecret(ctx context.Context, spec api.SecretSpec) error
		// labelSecret gives a secret the labels of its spec; errStale when there is a newer version of it.
		labelSecret(ctx context.Context, at api.Secret) error
		removeSecret(ctx context.Context, id string) error
	}
	// images are container images as a registry or this node knows them.
	images interface {
		registryDigest(ctx context.Context, image, auth string) (string, error)
		localImage(ctx context.Context, image string) (id string, digests []string, err error)
	}
	// logs are what containers wrote.
	logs interface {
		// taskLogs opens a stream of what a task's container wrote, to both streams and with times, until ctx ends or all
		// was said. One that follows has no end.
		taskLogs(ctx context.Context, task string, which logRange) (io.ReadCloser, error)
	}
)

// engine is a Docker Engine by way of its own client. It implements services, cluster, secrets, images and logs; each call
// is bounded in time, counted, and returns errors of function's kinds.
type engine struct {
	client  *client.Client
	timing  timing
	metrics *metrics
}

func newEngine(host string, t timing, m *metrics) (*engine, error) {
	options := []client.Opt{client.FromEnv, client.WithAPIVersionNegotiation()}
	if host != "" {
		options = append(options, client.WithHost(host))
	}
	c, err := client.NewClientWithOpts(options...)
	if err != nil {
		return nil, function.Invalidf("docker host %q: %w; write it as unix:///var/run/docker.sock or tcp://HOST:PORT", host, err)
	}
	return &engine{client: c, timing: t, metrics: m}, nil
}

// call bounds and counts one call.
func call[T any](ctx context.Context, e *engine, name string, limit time.Duration, do func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	begin := time.Now()
	v, err := do(ctx)
	e.metrics.called(name, err, time.Since(begin))
	if err != nil {
		return v, kind(err)
	}
	return v, nil
}

func (e *engine) listServices(ctx context.Context) ([]api.Service, error) {
	return call(ctx, e, "service_list", e.timing.call, func(ctx context.Context) ([]api.Service, error) {
		return e.client.ServiceList(ctx, api.ServiceListOptions{})
	})
}

// inspectService reads the spec as it was written: with defaults put in, writing it back would change the
// tasks and restart them.
func (e *engine) inspectService(ctx context.Context, nameOrID string) (api.Service, error) {
	return call(ctx, e, "service_inspect", e.timing.call, func(ctx context.Context) (api.Service, error) {
		s, _, err := e.client.ServiceInspectWithRaw(ctx, nameOrID, api.ServiceInspectOptions{})
		return s, err
	})
}

func (e *engine) createService(ctx context.Context, spec api.ServiceSpec, auth string) (string, error) {
	return call(ctx, e, "service_create", e.timing.call, func(ctx context.Context) (string, error) {
		r, err := e.client.ServiceCreate(ctx, spec, api.ServiceCreateOptions{EncodedRegistryAuth: auth})
		return r.ID, err
	})
}

func (e *engine) updateService(ctx context.Context, at api.Service, auth string) error {
	_, err := call(ctx, e, "service_update", e.timing.call, func(ctx context.Context) (api.ServiceUpdateResponse, error) {
		return e.client.ServiceUpdate(ctx, at.ID, at.Version, at.Spec, api.ServiceUpdateOptions{EncodedRegistryAuth: auth})
	})
	return err
}

func (e *engine) removeService(ctx context.Context, id string) error {
	_, err := call(ctx, e, "service_remove", e.timing.call, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, e.client.ServiceRemove(ctx, id)
	})
	return err
}

func (e *engine) listTasks(ctx context.Context, which look) ([]api.Task, error) {
	args := filters.NewArgs()
	for _, id := range which.services {
		args.Add("service", id)
	}
	if which.living {
		args.Add("desired-state", string(api.TaskStateRunning))
		args.Add("desired-state", string(api.TaskStateReady))
	}
	return call(ctx, e, "task_list", e.timing.call, func(ctx context.Context) ([]api.Task, error) {
		return e.client.TaskList(ctx, api.TaskListOptions{Filters: args})
	})
}

func (e *engine) listNodes(ctx context.Context) ([]api.Node, error) {
	return call(ctx, e, "node_list", e.timing.call, func(ctx context.Context) ([]api.Node, error) {
		return e.client.NodeList(ctx, api.NodeListOptions{})
	})
}

func (e *engine) listNetworks(ctx context.Context, args filters.Args) ([]network.Summary, error) {
	return call(ctx, e, "network_list", e.timing.call, func(ctx context.Context) ([]network.Summary, error) {
		return e.client.NetworkList(ctx, network.ListOptions{Filters: args})
	})
}

func (e *engine) listSecrets(ctx context.Context) ([]api.Secret, error) {
	return call(ctx, e, "secret_list", e.timing.call, func(ctx context.Context) ([]api.Secret, error) {
		return e.client.SecretList(ctx, api.SecretListOptions{})
	})
}

func (e *engine) createSecret(ctx context.Context, spec api.SecretSpec) error {
	_, err := call(ctx, e, "secret_create", e.timing.call, func(ctx context.Context) (api.SecretCreateResponse, error) {
		return e.client.SecretCreate(ctx, spec)
	})
	return err
}

func (e *engine) labelSecret(ctx context.Context, at api.Secret) error {
	_, err := call(ctx, e, "secret_update", e.timing.call, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, e.client.SecretUpdate(ctx, at.ID, at.Version, at.Spec)
	})
	return err
}

func (e *engine) removeSecret(ctx context.Context, id string) error {
	_, err := call(ctx, e, "secret_remove", e.timing.call, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, e.client.SecretRemove(ctx, id)
	})
	return err
}

func (e *engine) registryDigest(ctx context.Context, image, auth string) (string, error) {
	return call(ctx, e, "distribution_inspect", e.timing.lookup, func(ctx context.Context) (string, error) {
		d, err := e.client.DistributionInspect(ctx, image, auth)
		return d.Descriptor.Digest.String(), err
	})
}

func (e *engine) localImage(ctx context.Context, image string) (string, []string, error) {
	type found struct {
		id      string
		digests []string
	}
	f, err := call(ctx, e, "image_inspect", e.timing.call, func(ctx context.Context) (found, error) {
		i, err := e.client.ImageInspect(ctx, image)
		return found{i.ID, i.RepoDigests}, err
	})
	return f.id, f.digests, err
}

// logRange is a part of a log.
type logRange struct {
	since  time.Time // zero: from the beginning
	tail   int       // how many messages before now, of both streams together. 0: all
	follow bool
}

// taskLogs has no limit of time but ctx.
func (e *engine) taskLogs(ctx context.Context, task string, which logRange) (io.ReadCloser, error) {
	o := container.LogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Follow: which.follow, Tail: "all"}
	if which.tail > 0 {
		o.Tail = strconv.Itoa(which.tail)
	}
	if which.since.Unix() > 0 {
		o.Since = fmt.Sprintf("%d.%09d", which.since.Unix(), which.since.Nanosecond())
	}
	begin := time.Now()
	stream, err := e.client.TaskLogs(ctx, task, o)
	e.metrics.called("task_logs", err, time.Since(begin))
	if err != nil {
		return nil, kind(err)
	}
	return stream, nil
}

// follow calls opened once the stream is there, so that whoever reads all after it misses nothing.
func (e *engine) follow(ctx context.Context, opened func(), see func(events.Message)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	kinds := filters.NewArgs(filters.Arg("type", string(events.ServiceEventType)), filters.Arg("type", string(events.NodeEventType)))
	messages, failed := e.client.Events(ctx, events.ListOptions{Filters: kinds})
	opened()
	for {
		select {
		case m := <-messages:
			see(m)
		case err := <-failed:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("follow Docker's events: %w", kind(err))
		}
	}
}

func (e *engine) close() { _ = e.client.Close() } // idle connections, nothing that could be lost
