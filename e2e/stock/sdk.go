package stock

import (
	"context"
	"net/http"
	"net/url"
)

// SDK is go-sdk, by which programs speak to a gateway. It shares the connections of the client that it was made of.
type SDK struct{ c *Client }

// SDK makes one for the same gateway and login.
func (c *Client) SDK() SDK { return SDK{c} }

func (s SDK) call(ctx context.Context, method, path string, query url.Values, body any, ok ...int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	req, err := s.request(ctx, method, path, query, body)
	if err != nil {
		return nil, err
	}
	return finish(s.c.http, req, ok...)
}

// request makes a request with the login and no other header.
func (s SDK) request(ctx context.Context, method, path string, query url.Values, body any) (*http.Request, error) {
	req, err := newRequest(ctx, method, s.c.Gateway+path, query, body)
	if err == nil && s.c.User != "" {
		req.SetBasicAuth(s.c.User, s.c.Password)
	}
	return req, err
}

// Deploy makes a function. Only 202 is taken for success.
func (s SDK) Deploy(ctx context.Context, spec Spec) error {
	_, err := s.call(ctx, http.MethodPost, "/system/functions", nil, spec.body(Age2025), http.StatusAccepted)
	return err
}

// Update changes a function. Only 202 is taken for success.
func (s SDK) Update(ctx context.Context, spec Spec) error {
	_, err := s.call(ctx, http.MethodPut, "/system/functions", nil, spec.body(Age2025), http.StatusAccepted)
	return err
}

// Remove removes a function.
func (s SDK) Remove(ctx context.Context, name, namespace string) error {
	_, err := s.call(ctx, http.MethodDelete, "/system/functions", nil, removal{name, namespace},
		http.StatusOK, http.StatusCreated, http.StatusAccepted)
	return err
}

// Function describes a function.
func (s SDK) Function(ctx context.Context, name, namespace string) (Function, error) {
	var f Function
	text, err := s.call(ctx, http.MethodGet, "/system/function/"+name, inNamespace(namespace), nil, http.StatusOK)
	if err != nil {
		return f, err
	}
	return f, decode(text, &f, functionFields()...)
}

// CreateSecret makes a secret; programs send RawValue where it is not text.
func (s SDK) CreateSecret(ctx context.Context, secret Secret) error {
	_, err := s.call(ctx, http.MethodPost, secretsPath, nil, secret, http.StatusOK, http.StatusCreated, http.StatusAccepted)
	return err
}

// RemoveSecret removes a secret.
func (s SDK) RemoveSecret(ctx context.Context, name, namespace string) error {
	_, err := s.call(ctx, http.MethodDelete, secretsPath, nil, Secret{Name: name, Namespace: namespace},
		http.StatusOK, http.StatusCreated, http.StatusAccepted)
	return err
}

// namespace is the body of a call about a namespace.
type namespace struct {
	Name        string            `json:"name"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
}

// CreateNamespace makes a namespace, which OpenFaaS on Kubernetes can.
func (s SDK) CreateNamespace(ctx context.Context, name string) error {
	mark := map[string]string{"openfaas": "1"}
	_, err := s.call(ctx, http.MethodPost, "/system/namespace/", nil, namespace{name, mark, mark},
		http.StatusOK, http.StatusCreated, http.StatusAccepted)
	return err
}

// Logs gives each message of a log to tell, as Client.Logs does.
func (s SDK) Logs(ctx context.Context, r LogRequest, tell func(LogMessage) bool) error {
	following := "0"
	if r.Follow {
		following = "1"
	}
	req, err := s.request(ctx, http.MethodGet, "/system/logs", r.query(following), nil)
	if err != nil {
		return err
	}
	return follow(s.c.http, req, tell)
}
