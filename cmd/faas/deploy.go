package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"faas/api"
	"faas/function"
	"faas/internal/image"
	"faas/internal/stack"
	"faas/internal/top"
)

// deployCommand is `faas deploy`.
type deployCommand struct {
	gatewayFlags
	stackFlags
	buildFlags
	Build bool          `help:"Build the images first, as faas build does. With --push or --load on Swarm; functions on this machine need none."`
	Watch bool          `help:"Build and deploy again when files change, until Ctrl-C."`
	Auth  bool          `name:"send-registry-auth" short:"a" help:"Send the credentials that docker login keeps for the image's registry, for the nodes to pull it with."`
	Wait  time.Duration `default:"2m" placeholder:"TIME" help:"How long to wait for each function to be ready (default ${default}). 0s: not at all."`
	outputFlag
}

// Help is called by the parser.
func (*deployCommand) Help() string {
	return "Deploys what stack.yml of this directory says, or another file. A function that is there is changed, and keeps its replicas' count. " +
		"On a gateway of faas up on this machine a function runs in its folder, by its fprocess, and no image is needed: --watch has changes run at once."
}

// Validate is called by the parser.
func (c *deployCommand) Validate(parsed *kong.Context) error {
	if !c.Build && !c.Watch {
		for _, at := range parsed.Path {
			if at.Flag != nil && at.Flag.Group != nil && at.Flag.Group.Key == buildGroup {
				return fmt.Errorf("--%s: no image is built: say --build, or leave it out", at.Flag.Name)
			}
		}
	}
	return c.check()
}

// buildGroup is the group of the flags of buildFlags.
const buildGroup = "How images are made:"

// deployedFunction is what -o json prints of a function.
type deployedFunction struct {
	Function string             `json:"function"`
	Change   string             `json:"change"` // deployed or updated; empty: neither
	Ready    bool               `json:"ready"`
	URL      string             `json:"url"`
	Build    *built             `json:"build,omitempty"`
	Status   api.FunctionStatus `json:"status"`
	Error    string             `json:"error,omitempty"` // why it is not deployed, or not ready
}

// Run deploys, and again while it watches.
func (c *deployCommand) Run(ctx context.Context, app *kong.Kong) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	once := func(ctx context.Context, changed func(string) bool) error { return c.once(ctx, app.Stdout, changed) }
	if !c.Watch {
		return once(ctx, nil)
	}
	if err := c.canWatch(ctx); err != nil {
		return err
	}
	w := watch{say: os.Stderr, files: c.watched}
	return w.run(ctx, once)
}

// canWatch reports what no change of a file would cure.
func (c *deployCommand) canWatch(ctx context.Context) error {
	file, _, err := c.load()
	if err != nil {
		return err
	}
	c.ofStack = file.Gateway
	here, err := c.here(ctx)
	if err == nil && !here && !c.Push && !c.Load {
		err = fmt.Errorf("--watch: the replicas of %s run images: say how they get there, by --push to a registry or --load into this machine's Docker", c.url())
	}
	return err
}

// once deploys the functions whose folder changed says has changed; nil: all.
func (c *deployCommand) once(ctx context.Context, to io.Writer, changed func(string) bool) error {
	file, functions, err := c.load()
	if err != nil {
		return err
	}
	c.ofStack = file.Gateway
	here, err := c.here(ctx)
	if err != nil {
		return err
	}
	say := to
	if c.Output == "json" {
		say = os.Stderr
	}
	if changed != nil {
		functions = slices.DeleteFunc(functions, func(f stack.Function) bool { return !changed(f.Handler) })
	}
	all := []deployedFunction{}
	var errs []error
	for i, f := range functions {
		d, err := c.deploy(ctx, f, here, say, buildDir(file))
		if err != nil && ctx.Err() != nil {
			errs = append(errs, stopped("deploy", functions[i:]))
			break
		}
		if err != nil {
			errs = append(errs, file.Errorf(f.Line, f.Name, "%w", err))
			d.Change, d.Error = "", err.Error()
		}
		all = append(all, d)
	}
	for i := range all {
		if c.Wait <= 0 || ctx.Err() != nil {
			break
		}
		if all[i].Error != "" {
			continue
		}
		if err := c.await(ctx, &all[i], here && c.Watch, say); err != nil {
			errs = append(errs, err)
			all[i].Error = err.Error()
		}
	}
	if c.Output == "json" {
		errs = append(errs, writeJSON(to, all))
	}
	return errors.Join(errs...)
}

// here reports whether the gateway runs functions as processes of this machine.
func (c *deployCommand) here(ctx context.Context) (bool, error) {
	var info api.Info
	if err := c.ask(ctx, http.MethodGet, "/system/info", nil, &info); err != nil {
		return false, err
	}
	at, err := url.Parse(c.url())
	if err != nil {
		return false, fmt.Errorf("--gateway: %w", err)
	}
	return info.Provider.Provider == "local" && loopback(at), nil
}

// deploy makes or changes one function.
func (c *deployCommand) deploy(ctx context.Context, f stack.Function, here bool, say io.Writer, dir string) (deployedFunction, error) {
	d := deployedFunction{Function: f.Name, Change: "updated", URL: c.url() + "/function/" + url.PathEscape(f.Name)}
	if (c.Build || c.Watch && !here) && !f.SkipBuild {
		b, err := c.build(ctx, f, outputs{dir: dir})
		if err != nil {
			return d, err
		}
		d.Build = &b
		fmt.Fprintln(say, b.text())
	}
	wanted, err := deployment(ctx, f, here)
	if err != nil {
		return d, err
	}
	if c.Auth && !here {
		if wanted.RegistryAuth, err = image.Credentials(f.Image); err != nil {
			return d, fmt.Errorf("--send-registry-auth: %w", err)
		}
	}
	err = c.ask(ctx, http.MethodPut, "/system/functions", wanted, nil)
	if errors.Is(err, function.ErrNotFound) {
		d.Change = "deployed"
		err = c.ask(ctx, http.MethodPost, "/system/functions", wanted, nil)
	}
	if err != nil {
		return d, fmt.Errorf("deploy to %s: %w", c.url(), err)
	}
	fmt.Fprintf(say, "%s: %s\n", f.Name, d.Change)
	return d, nil
}

// deployment is what the gateway is told of a function. Here it runs in its folder.
func deployment(ctx context.Context, f stack.Function, here bool) (api.FunctionDeployment, error) {
	labels, annotations := maps.Clone(f.Labels), maps.Clone(f.Annotations)
	d := api.FunctionDeployment{
		Service: f.Name, Image: f.Image, EnvProcess: f.Process, EnvVars: f.Env, Constraints: f.Constraints, Secrets: f.Secrets,
		Labels: &labels, Annotations: &annotations, ReadOnlyRootFilesystem: f.ReadOnlyRootFilesystem,
	}
	if f.Limits != nil {
		d.Limits = &api.FunctionResources{Memory: f.Limits.Memory, CPU: f.Limits.CPU}
	}
	if f.Requests != nil {
		d.Requests = &api.FunctionResources{Memory: f.Requests.Memory, CPU: f.Requests.CPU}
	}
	if !here {
		return d, nil
	}
	if info, err := os.Stat(f.Handler); err != nil || !info.IsDir() {
		return d, fmt.Errorf("handler %s is not a directory", f.Handler)
	}
	state, err := image.State(f.Handler)
	if err != nil {
		return d, err
	}
	if f.Process == "" && f.Lang == "go" { // its mistakes are told here, and not by a replica's log
		if err := compile(ctx, f.Handler); err != nil {
			return d, err
		}
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[function.AnnotationHandler], annotations[function.AnnotationBuild] = f.Handler, state
	d.EnvProcess = cmp.Or(d.EnvProcess, f.LocalProcess())
	return d, nil
}

// compile builds a Go program for nothing but its mistakes, and so that what it is made of is at hand when it starts.
func compile(ctx context.Context, dir string) error {
	work, err := os.MkdirTemp("", "faas-deploy-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // it is not what runs
	return image.GoBuild(ctx, dir, filepath.Join(work, "program"), runtime.GOARCH)
}

// pollEvery is how often a function is looked at that is not ready yet.
const pollEvery = 250 * time.Millisecond

// await waits until a function is ready, and says each change of its state. A watch gives up on one of this machine that is
// blocked, since only the next change of a file mends it; else it may be one that waits for another, and is tried again.
func (c *deployCommand) await(ctx context.Context, d *deployedFunction, giveUp bool, say io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	told, last := "", error(nil)
	quiet := 0 // how often in a row nothing was starting: new replicas come a moment after the change
	for {
		var now api.FunctionStatus // a new one each time, since what it has none of is left out of the answer
		err := c.ask(ctx, http.MethodGet, "/system/function/"+url.PathEscape(d.Function), nil, &now)
		if ctx.Err() == nil {
			last = err
		}
		if errors.Is(err, function.ErrNotFound) || errors.Is(err, top.ErrCredentials) { // no more waiting mends that
			return fmt.Errorf("wait for %s: %w", d.Function, err)
		}
		var state string
		if err == nil {
			d.Status = now
			state, d.Ready = stateOf(d.Status, d.URL)
			if giveUp && d.Status.Blocked != "" {
				return fmt.Errorf("%s: %s; `faas logs %s` shows all that it writes", d.Function, state, d.Function)
			}
			if state != told && (!d.Ready || quiet > 1 || d.Change == "deployed") {
				fmt.Fprintf(say, "%s: %s\n", d.Function, state)
				told = state
			}
			if quiet++; !d.Ready {
				quiet = 0
			}
			if quiet > 2 || d.Ready && d.Change == "deployed" {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return fmt.Errorf("%s: stopped waiting: %s", d.Function, cmp.Or(told, "it was not looked at"))
			}
			return fmt.Errorf("%s is not ready after %s: %s; `faas logs %s` shows what it writes%s", d.Function, c.Wait, why(told, last), d.Function, remedy(told))
		}
	}
}

// why says what stands in the way of a function: what its gateway said last, and that it answered no more.
func why(told string, last error) string {
	switch {
	case last != nil:
		return oneLine(last.Error())
	case told != "":
		return told
	}
	return "the gateway does not answer"
}

// remedy says what to do about a state, where that is known. Empty: it is not.
func remedy(state string) string {
	if strings.Contains(state, "No such image") { // Swarm's words
		return ". No node has the image: `faas deploy --build --load` puts it there on a Swarm of one node, `--build --push` into a registry"
	}
	return ""
}

// stateOf says how far a function is.
func stateOf(s api.FunctionStatus, url string) (text string, ready bool) {
	switch {
	case s.Blocked != "":
		return "blocked: " + oneLine(s.Blocked), false
	case s.Replicas == 0:
		return "ready, asleep until it is called at " + url, true
	case s.AvailableReplicas >= s.Replicas && s.StartingReplicas > 0:
		return fmt.Sprintf("%d of %d replicas ready, %d that start take the place of others", s.AvailableReplicas, s.Replicas, s.StartingReplicas), false
	case s.AvailableReplicas < s.Replicas:
		return fmt.Sprintf("%d of %d replicas ready", s.AvailableReplicas, s.Replicas), false
	}
	return fmt.Sprintf("ready, %d of %d replicas, at %s", s.AvailableReplicas, s.Replicas, url), true
}
