package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/alecthomas/kong"

	"faas/gateway"
	"faas/internal/supervise"
	"faas/queue"
	"faas/web"
)

// gatewayCommand is `faas gateway`, the gateway of a Docker Swarm. It runs in a container on a manager.
type gatewayCommand struct {
	Listen        string `default:":8080" placeholder:"ADDR" env:"FAAS_LISTEN" help:"Address of the API and of the functions (default ${default})."`
	MetricsListen string `default:":8082" placeholder:"ADDR" env:"FAAS_METRICS_LISTEN" help:"Address of the gateway's metrics, and of those of the replicas (default ${default})."`

	DockerHost string `placeholder:"URL" env:"DOCKER_HOST" help:"Docker Engine of a Swarm manager. Default: the socket /var/run/docker.sock."`
	Network    string `placeholder:"NAME" env:"FAAS_NETWORK" help:"Overlay network that the functions are on. Default: the one with the label openfaas=true."`

	Peers       string   `placeholder:"NAME:PORT" env:"FAAS_PEERS" help:"DNS name and port of all gateways, where there are several: alerts that one gets are passed on to the others."`
	MetricsFrom []string `placeholder:"NAME" env:"FAAS_METRICS_FROM" help:"DNS names of those who may use the metrics port, beside this machine. Default: everyone."`

	Alertmanager []string `placeholder:"URL" env:"FAAS_ALERTMANAGER" help:"Where Alertmanager is, such as http://alertmanager:9093; several are separated by commas, and a name with several addresses is several. Default: the gateway pushes no alerts, and no silence freezes a function."`
	Prometheus   []string `placeholder:"URL" env:"FAAS_PROMETHEUS" help:"Where Prometheus is, such as http://prometheus:9090; of several, separated by commas, the first that answers is asked. Default: why a function has its replicas is explained without its load."`

	PrometheusLink   string `placeholder:"URL" env:"FAAS_PROMETHEUS_LINK" help:"Where a browser finds Prometheus, for the portal to point to. Default: it does not."`
	AlertmanagerLink string `placeholder:"URL" env:"FAAS_ALERTMANAGER_LINK" help:"Where a browser finds Alertmanager. Default: it does not."`

	Queue string `placeholder:"URL" env:"FAAS_QUEUE" help:"Where asynchronous calls are kept, such as nats://queue:4222 (see faas queue). Default: none are taken."`

	BasicAuth       bool   `default:"true" negatable:"" env:"basic_auth" help:"Ask for credentials where functions are managed (default ${default})."`
	SecretMountPath string `default:"/run/secrets/" placeholder:"DIR" env:"secret_mount_path" help:"Directory with the files basic-auth-user and basic-auth-password (default ${default})."`

	Portal bool `default:"true" negatable:"" env:"FAAS_PORTAL" help:"Serve the portal at /ui/. Without it pages of functions keep the gateway's origin (default ${default})."`

	Intents bool `env:"FAAS_INTENTS" help:"Let POST / with an Alexa request invoke the function that its intent names. Its signature is not checked: see docs/alexa.md."`

	LogLevel  slog.Level `default:"info" placeholder:"LEVEL" env:"FAAS_LOG_LEVEL" help:"Least level of the log on standard error: debug, info, warn or error (default ${default})."`
	LogFormat string     `default:"text" enum:"text,json" placeholder:"FORMAT" env:"FAAS_LOG_FORMAT" help:"Format of the log: text or json (default ${default})."`
}

// Help is called by the parser.
func (*gatewayCommand) Help() string { return environmentHelp }

// BeforeReset is called by the parser before it looks at the environment. A stack file that passes a variable on sets it
// to nothing where nobody set it, which means the default.
func (*gatewayCommand) BeforeReset(parsed *kong.Context) error { return unsetEmpty(parsed) }

func unsetEmpty(parsed *kong.Context) error {
	for _, f := range parsed.Selected().Flags {
		for _, name := range f.Envs {
			if os.Getenv(name) != "" {
				continue
			}
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// Run serves until the first SIGTERM or SIGINT, and then as long as requests in flight may take. A second one ends
// it at once.
func (c *gatewayCommand) Run(ctx context.Context) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	log, registry := newLogger(os.Stderr, c.LogLevel, c.LogFormat), newRegistry()
	b, err := c.backend(log, registry)
	if err != nil {
		return err
	}
	s, err := c.around(ctx, b, gateway.Options{Log: log, Registry: registry}, os.LookupEnv)
	if err != nil {
		return err
	}
	return s.run(ctx, signals)
}

// around makes all that runs around b, and opens the ports. The effective configuration goes to the log.
func (c *gatewayCommand) around(ctx context.Context, b backend, o gateway.Options,
	lookup func(string) (string, bool),
) (_ *gatewayService, err error) {
	if o.Config, err = gateway.ConfigFromEnv(lookup); err != nil {
		return nil, err
	}
	if o.Credentials, err = c.credentials(o.Log); err != nil {
		return nil, err
	}
	if o.Links, err = c.links(); err != nil {
		return nil, err
	}
	o.Intents = c.Intents
	if c.Portal {
		o.Portal = web.Dist()
	}
	var opened []net.Listener
	for _, port := range []struct {
		to         *net.Listener
		flag, addr string
	}{{&o.Listener, "--listen", c.Listen}, {&o.MetricsListener, "--metrics-listen", c.MetricsListen}} {
		if *port.to, err = (&net.ListenConfig{}).Listen(ctx, "tcp", port.addr); err != nil {
			return nil, errors.Join(fmt.Errorf("%s %s: %w", port.flag, port.addr, err), closeAll(opened))
		}
		opened = append(opened, *port.to)
	}
	o.Peers, o.MetricsFrom, o.Prometheus = c.Peers, c.MetricsFrom, c.Prometheus
	alertmanager, err := newAlertmanager(o.Log, c.Alertmanager...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("--alertmanager: %w", err), closeAll(opened))
	}
	o.Info = gateway.Info{Backend: "faas-swarm", Orchestration: "swarm"}
	s := &gatewayService{log: o.Log, group: supervise.NewGroup(), backend: b, drain: o.Config.DrainTimeout}
	if c.Queue != "" {
		if s.async, err = newAsync(c.queueOptions(), &o, lookup); err != nil {
			return nil, errors.Join(err, closeAll(opened))
		}
	}
	if s.scaler, s.gateway, err = assemble(b, alertmanager, o); err != nil {
		return nil, errors.Join(err, closeAll(opened))
	}
	if s.async != nil {
		s.async.gateway.Store(s.gateway)
		o.Log.Info("faas gateway: asynchronous calls", "config", s.async.config)
	}
	o.Log.Info("faas gateway", "version", version, "commit", commit,
		"listen", o.Listener.Addr().String(), "metrics_listen", o.MetricsListener.Addr().String(),
		"docker_host", c.DockerHost, "network", c.Network, "peers", c.Peers, "metrics_from", c.MetricsFrom, "alertmanager", hostsOf(c.Alertmanager), "prometheus", hostsOf(c.Prometheus), "queue", where(c.Queue),
		"basic_auth", c.BasicAuth, "portal", c.Portal, "intents", c.Intents, "secret_mount_path", c.SecretMountPath, "config", o.Config)
	return s, nil
}

// credentials reads them from the secrets. None, where they are turned off, leave the API open.
func (c *gatewayCommand) credentials(log *slog.Logger) (*gateway.Credentials, error) {
	if !c.BasicAuth {
		log.Warn("basic_auth is false: everyone who reaches this gateway may deploy and remove functions")
		return nil, nil //nolint:nilnil // no credentials are what was asked for
	}
	credentials, err := gateway.LoadCredentials(c.SecretMountPath)
	if err != nil {
		return nil, fmt.Errorf("%w\nThe gateway wants two secrets, as the files %s and %s. Make them with\n"+
			"  printf admin | docker secret create %s -\n  openssl rand -hex 32 | docker secret create %s -\n"+
			"and give them to its service. basic_auth=false leaves the gateway open to everyone", err,
			filepath.Join(c.SecretMountPath, gateway.UserFile), filepath.Join(c.SecretMountPath, gateway.PasswordFile),
			gateway.UserFile, gateway.PasswordFile)
	}
	return credentials, nil
}

// queueOptions are those of a queue that other gateways share. No answer of a function goes to the networks that the hosts
// of the control plane are on.
func (c *gatewayCommand) queueOptions() queue.Options {
	o := queue.Options{URL: c.Queue}
	o.Callbacks.Control = append(o.Callbacks.Control, c.MetricsFrom...)
	o.Callbacks.Control = append(o.Callbacks.Control, hostsOf(c.Alertmanager)...)
	o.Callbacks.Control = append(o.Callbacks.Control, hostsOf(c.Prometheus)...)
	if host, _, err := net.SplitHostPort(c.Peers); err == nil {
		o.Callbacks.Control = append(o.Callbacks.Control, host)
	}
	return o
}

// links are where a browser finds the others. Pages point to them, so nothing else than pages is taken.
func (c *gatewayCommand) links() (gateway.Links, error) {
	for flag, text := range map[string]string{"--prometheus-link": c.PrometheusLink, "--alertmanager-link": c.AlertmanagerLink} {
		u, err := url.Parse(text)
		if text != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			return gateway.Links{}, fmt.Errorf("%s %.100q: write it as https://prometheus.example.com", flag, text)
		}
	}
	return gateway.Links{Prometheus: c.PrometheusLink, Alertmanager: c.AlertmanagerLink}, nil
}

// hostsOf are the names in URLs, without ports and passwords.
func hostsOf(urls []string) []string {
	var hosts []string
	for _, text := range urls {
		if u, err := url.Parse(text); err == nil {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}

// where is the queue without its password. Empty: there is none.
func where(queueURL string) string {
	if queueURL == "" {
		return ""
	}
	return queue.Where(queueURL)
}

func closeAll(listeners []net.Listener) error {
	var errs []error
	for _, l := range listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
