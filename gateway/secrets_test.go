package gateway

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faas/function"
)

// fakeSecrets holds secrets in memory.
type fakeSecrets struct {
	mu     sync.Mutex
	values map[string]string
	fail   error
	faults *faults // nil: none
}

func (s *fakeSecrets) Secrets(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.values)), s.failure()
}

func (s *fakeSecrets) failure() error {
	if s.faults != nil {
		return s.faults.get()
	}
	return s.fail
}

func (s *fakeSecrets) change(name string, want, found func(bool) error, do func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.values[name]
	for _, err := range []error{s.failure(), want(ok), found(ok)} {
		if err != nil {
			return err
		}
	}
	do()
	return nil
}

func mustExist(ok bool) error {
	if !ok {
		return function.NotFoundf("no such secret")
	}
	return nil
}

func mustNotExist(ok bool) error {
	if ok {
		return function.Conflictf("the secret exists")
	}
	return nil
}

func anyway(bool) error { return nil }

func (s *fakeSecrets) CreateSecret(_ context.Context, secret function.Secret) error {
	return s.change(secret.Name, mustNotExist, anyway, func() { s.values[secret.Name] = string(secret.Value) })
}

func (s *fakeSecrets) UpdateSecret(_ context.Context, secret function.Secret) error {
	return s.change(secret.Name, mustExist, anyway, func() { s.values[secret.Name] = string(secret.Value) })
}

func (s *fakeSecrets) RemoveSecret(_ context.Context, name string) error {
	inUse := func(bool) error {
		if s.values[name] == "in use" {
			return function.Conflictf("functions echo use it")
		}
		return nil
	}
	return s.change(name, mustExist, inUse, func() { delete(s.values, name) })
}

// TestSecrets sends what the stock client does.
func TestSecrets(t *testing.T) {
	secrets := &fakeSecrets{values: map[string]string{UserFile: "admin", PasswordFile: "own", "kept": "in use"}}
	var logged bytes.Buffer
	g := start(t, newFakeBackend(), func(o *Options) {
		o.Secrets, o.Log = secrets, slog.New(slog.NewTextHandler(&logged, nil))
	})
	for _, c := range []struct {
		name, request, body string
		status              int
		says                string
	}{
		{"list", "GET /system/secrets?namespace=", "", 200, `[{"name":"kept","namespace":"openfaas-fn"}]`},
		{"create", "POST /system/secrets", `{"name":"a","namespace":"openfaas-fn","value":"hidden one"}`, 201, ""},
		{"create from a file", "POST /system/secrets", `{"name":"b.bin","namespace":"","value":"no","rawValue":"/wAK"}`, 201, ""},
		{"create again", "POST /system/secrets", `{"name":"a","value":"hidden two"}`, 409, "exists"},
		{"update", "PUT /system/secrets", `{"name":"a","value":"hidden three"}`, 202, ""},
		{"list after", "GET /system/secrets", "", 200, `[{"name":"a","namespace":"openfaas-fn"},{"name":"b.bin",`},
		{"update a ghost", "PUT /system/secrets", `{"name":"ghost","value":"hidden"}`, 404, "no such secret"},
		{"remove", "DELETE /system/secrets", `{"name":"a","namespace":"openfaas-fn"}`, 202, ""},
		{"remove again", "DELETE /system/secrets", `{"name":"a"}`, 404, "no such secret"},
		{"remove one in use", "DELETE /system/secrets", `{"name":"kept"}`, 409, "echo"},
		{"create the gateway's", "POST /system/secrets", `{"name":"basic-auth-user","value":"hidden"}`, 400, "gateway's own"},
		{"update the gateway's", "PUT /system/secrets", `{"name":"basic-auth-password","value":"hidden"}`, 400, "gateway's own"},
		{"remove the gateway's", "DELETE /system/secrets", `{"name":"basic-auth-password"}`, 400, "gateway's own"},
		{"no value", "POST /system/secrets", `{"name":"c"}`, 400, "no value"},
		{"no name", "POST /system/secrets", `{"value":"hidden"}`, 400, "name is missing"},
		{"bad name", "DELETE /system/secrets", `{"name":"../c"}`, 400, "../c"},
		{"bad base64", "PUT /system/secrets", `{"name":"b.bin","rawValue":"hidden!"}`, 400, "base64"},
		{"no body", "DELETE /system/secrets", "", 400, "empty"},
		{"other namespace", "POST /system/secrets", `{"name":"c","namespace":"dev","value":"hidden"}`, 404, "dev"},
		{"list of another namespace", "GET /system/secrets?namespace=dev", "", 404, "dev"},
	} {
		t.Run(c.name, func(t *testing.T) {
			method, path, _ := strings.Cut(c.request, " ")
			res, body := g.do(t, method, path, c.body)
			wantStatus(t, res, body, c.status)
			if !strings.Contains(body, c.says) || strings.Contains(body, "hidden") {
				t.Errorf("answers %q, want %q", body, c.says)
			}
		})
	}
	want := map[string]string{UserFile: "admin", PasswordFile: "own", "kept": "in use", "b.bin": "\xff\x00\n"}
	if diff := cmp.Diff(want, secrets.values); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	secrets.fail = function.Unavailablef("the engine is away")
	res, body := g.do(t, "GET", "/system/secrets", "")
	wantStatus(t, res, body, 503)
	if err := g.stop(); err != nil {
		t.Error(err)
	}
	for _, line := range []string{`msg="secret created" secret=a`, `msg="secret updated" secret=a`, `msg="secret removed" secret=a`} {
		if strings.Count(logged.String(), line+"\n") != 1 {
			t.Errorf("the log has not one line %s", line)
		}
	}
	if strings.Contains(logged.String(), "hidden") {
		t.Errorf("a value was logged:\n%s", logged.String())
	}
}

func TestNoSecretsAreAnEmptyList(t *testing.T) {
	g := start(t, newFakeBackend(), func(o *Options) { o.Secrets = &fakeSecrets{} })
	if _, body := g.do(t, "GET", "/system/secrets", ""); body != "[]" {
		t.Errorf("got %s", body)
	}
	g = start(t, newFakeBackend(), nil)
	res, body := g.do(t, "GET", "/system/secrets", "")
	wantStatus(t, res, body, 404)
}
