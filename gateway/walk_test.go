//go:build !fuzz

package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"faas/function"
	"faas/internal/alerting"
	"faas/internal/apitest"
)

// walk is a gateway under test, all of whose answers are held to docs/openapi.yaml.
type walk struct {
	*running
	spec   *apitest.Spec
	faults *faults
}

// faultyBackend fails on demand.
type faultyBackend struct {
	*fakeBackend
	faults *faults
}

func (b faultyBackend) Functions(ctx context.Context) (function.Snapshot, error) {
	if err := b.faults.get(); err != nil {
		return function.Snapshot{}, err
	}
	return b.fakeBackend.Functions(ctx)
}

func (b faultyBackend) Function(ctx context.Context, name string) (function.Status, error) {
	if err := b.faults.get(); err != nil {
		return function.Status{}, err
	}
	return b.fakeBackend.Function(ctx, name)
}

func (b faultyBackend) Deploy(ctx context.Context, f function.Function) error {
	if err := b.faults.get(); err != nil {
		return err
	}
	return b.fakeBackend.Deploy(ctx, f)
}

func (b faultyBackend) Update(ctx context.Context, f function.Function) error {
	if err := b.faults.get(); err != nil {
		return err
	}
	return b.fakeBackend.Update(ctx, f)
}

func (b faultyBackend) Remove(ctx context.Context, name string) error {
	if err := b.faults.get(); err != nil {
		return err
	}
	return b.fakeBackend.Remove(ctx, name)
}

func (b faultyBackend) Tune(ctx context.Context, name string, change func(map[string]string) error) error {
	if err := b.faults.get(); err != nil {
		return err
	}
	return b.fakeBackend.Tune(ctx, name, change)
}

// description is where the API is described.
const description = "../docs/openapi.yaml"

// startWalk starts a gateway with all of its parts.
func startWalk(t *testing.T, spec *apitest.Spec, change func(*Options), functions ...function.Status) *walk {
	t.Helper()
	f := &faults{}
	b := newFakeBackend(functions...)
	_, text := apitest.Open(t, description)
	g := start(t, b, func(o *Options) {
		o.Backend, o.Tuner, o.OpenAPI = faultyBackend{b, f}, faultyBackend{b, f}, text
		o.Secrets = &fakeSecrets{values: map[string]string{"kept": "in use"}, faults: f}
		o.Logs = logsFunc(func(_ context.Context, _ function.LogQuery, emit func(function.LogLine) error) error {
			return errors.Join(emit(function.LogLine{Instance: "a.1", Time: time.Now(), Text: "one"}),
				emit(function.LogLine{Instance: "a.1", Time: time.Now()}))
		})
		o.Queue = &faultyQueue{faults: f}
		o.Freezer = &fakeFreezer{frozen: map[string]alerting.Freeze{}, faults: f}
		// The scaler's two are held to the description where they are: in package scaler.
		o.Alerts = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
		o.ScaleEvents = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("[]")) // a client that left is no news
		})
		// So are the dead letters, in package queue.
		o.DeadLetters = o.ScaleEvents
		o.Config = DefaultConfig()
		if change != nil {
			change(o)
		}
	})
	g.client.Transport = &apitest.Transport{Spec: spec, Base: g.client.Transport, Report: func(err error) { t.Error(err) }}
	return &walk{running: g, spec: spec, faults: f}
}

type faultyQueue struct{ faults *faults }

func (q *faultyQueue) Enqueue(context.Context, function.Call) error { return q.faults.get() }

// try sends METHOD PATH and wants a status; what else the answer must be, the transport knows.
func (w *walk) try(t *testing.T, status int, request, body string, header ...string) {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	res, text := w.do(t, method, path, body, header...)
	wantStatus(t, res, text, status)
}
