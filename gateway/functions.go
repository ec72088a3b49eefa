package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/julienschmidt/httprouter"

	"faas/api"
	"faas/function"
)

// maxAdminBody bounds the body of an admin request, in bytes.
const maxAdminBody = 1 << 20

// listFunctions serves GET /system/functions.
func (g *Gateway) listFunctions(w http.ResponseWriter, r *http.Request) error {
	if err := checkNamespace(queryNamespace(r)); err != nil {
		return err
	}
	snapshot, err := g.opts.Backend.Functions(r.Context())
	if err != nil {
		return fmt.Errorf("list functions: %w", err)
	}
	list := make([]api.FunctionStatus, 0, len(snapshot.Functions))
	for _, s := range snapshot.Functions {
		list = append(list, g.present(s))
	}
	return writeJSON(w, http.StatusOK, list)
}

// describeFunction serves GET /system/function/NAME.
func (g *Gateway) describeFunction(w http.ResponseWriter, r *http.Request) error {
	if err := checkNamespace(queryNamespace(r)); err != nil {
		return err
	}
	usage, err := wantsUsage(r)
	if err != nil {
		return err
	}
	s, err := g.function(r.Context(), nameInPath(r))
	if err != nil {
		return fmt.Errorf("describe function: %w", err)
	}
	out := g.present(s)
	if usage {
		out.Usage = g.usage.measure(r.Context(), s)
	}
	return writeJSON(w, http.StatusOK, out)
}

// function asks the backend for the function that answers to name.
func (g *Gateway) function(ctx context.Context, name string) (function.Status, error) {
	s, err := g.opts.Backend.Function(ctx, name)
	if !errors.Is(err, function.ErrNotFound) {
		return s, err
	}
	r, aliasErr := g.routes.find(name)
	switch {
	case aliasErr == nil:
		return g.opts.Backend.Function(ctx, r.name)
	case errors.Is(aliasErr, function.ErrNotFound):
		return s, aliasErr
	}
	return s, err
}

// deployFunction serves POST /system/functions.
func (g *Gateway) deployFunction(w http.ResponseWriter, r *http.Request) error {
	return g.setFunction(w, r, g.opts.Backend.Deploy, func(f function.Function) {
		g.log.Info("function deployed", "function", f.Name, "image", f.Image)
	})
}

// updateFunction serves PUT /system/functions.
func (g *Gateway) updateFunction(w http.ResponseWriter, r *http.Request) error {
	return g.setFunction(w, r, g.opts.Backend.Update, func(f function.Function) {
		g.log.Info("function updated", "function", f.Name, "image", f.Image)
	})
}

func (g *Gateway) setFunction(w http.ResponseWriter, r *http.Request,
	set func(context.Context, function.Function) error, tell func(function.Function),
) error {
	var d api.FunctionDeployment
	if err := readJSON(w, r, &d); err != nil {
		return err
	}
	if err := checkNamespace(d.Namespace, queryNamespace(r)); err != nil {
		return err
	}
	f, err := deployed(d)
	if err != nil {
		return err
	}
	if err := set(r.Context(), f); err != nil {
		return err
	}
	tell(f)
	return g.accepted(w, r)
}

// removeFunction serves DELETE /system/functions.
func (g *Gateway) removeFunction(w http.ResponseWriter, r *http.Request) error {
	var d api.DeleteFunctionRequest
	if err := readJSON(w, r, &d); err != nil {
		return err
	}
	if err := checkNamespace(d.Namespace, queryNamespace(r)); err != nil {
		return err
	}
	name := function.TrimNamespace(d.FunctionName)
	if name == "" {
		return function.Invalidf("functionName is missing: name the function to remove")
	}
	if err := g.opts.Backend.Remove(r.Context(), name); err != nil {
		return err
	}
	g.log.Info("function removed", "function", name)
	return g.accepted(w, r)
}

// scaleFunction serves POST /system/scale-function/NAME.
func (g *Gateway) scaleFunction(w http.ResponseWriter, r *http.Request) error {
	var s api.ScaleServiceRequest
	if err := readJSON(w, r, &s); err != nil {
		return err
	}
	if err := checkNamespace(s.Namespace, queryNamespace(r)); err != nil {
		return err
	}
	name := nameInPath(r)
	if body := function.TrimNamespace(s.ServiceName); body != "" && body != name {
		return function.Invalidf("serviceName %q in the body is not %q in the path: send one of them, or the same", body, name)
	}
	if s.Replicas == nil {
		return function.Invalidf("replicas is missing: say how many, 0 or more")
	}
	if *s.Replicas > function.MaxReplicas {
		return function.Invalidf("replicas %d: at most %d", *s.Replicas, function.MaxReplicas)
	}
	status, err := g.function(r.Context(), name)
	if err != nil {
		return err
	}
	if err := withinBounds(status, int(*s.Replicas)); err != nil {
		return err
	}
	if err := g.opts.Scaler.Scale(r.Context(), status.Name, int(*s.Replicas)); err != nil {
		return err
	}
	return g.accepted(w, r)
}

// withinBounds refuses a count that the scaling rules would take back within a second. 0 is a wish of its
// own: the function sleeps until it is called.
func withinBounds(s function.Status, replicas int) error {
	if replicas == 0 || s.Scaling.Clamp(replicas) == replicas {
		return nil
	}
	return function.Invalidf("replicas %d: function %s scales from %d to %d; change its labels %smin and %smax first",
		replicas, s.Name, s.Scaling.Min, s.Scaling.Max, function.ScalingLabelPrefix, function.ScalingLabelPrefix)
}

// accepted answers 202 once the routing table shows the change, so that an invocation right after finds it.
func (g *Gateway) accepted(w http.ResponseWriter, r *http.Request) error {
	snapshot, err := g.opts.Backend.Functions(r.Context())
	if err != nil {
		return fmt.Errorf("read functions after the change: %w", err)
	}
	g.routes.apply(snapshot)
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// present adds to the backend's view what the gateway knows of a function.
func (g *Gateway) present(s function.Status) api.FunctionStatus {
	out := described(s)
	if r := g.routes.lookup(s.Name); r != nil {
		out.InvocationCount = float64(r.series.finished.Load())
	}
	return out
}

// queryNamespace is the namespace that the query names. Older clients name it there and not in the body.
func queryNamespace(r *http.Request) string { return lastValue(r.URL.Query(), "namespace") }

func nameInPath(r *http.Request) string {
	return function.TrimNamespace(httprouter.ParamsFromContext(r.Context()).ByName("name"))
}

// readJSON decodes the body into v; errors say where the body is wrong.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody))
	if err := dec.Decode(v); err != nil {
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			return fmt.Errorf("body: %w", err)
		case errors.Is(err, io.EOF):
			return function.Invalidf("body is empty: send a JSON object")
		}
		return function.Invalidf("body is not the JSON that is wanted here: %w", err)
	}
	if dec.More() {
		return function.Invalidf("body has more after its JSON object")
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // a client that left is no news
	return nil
}
