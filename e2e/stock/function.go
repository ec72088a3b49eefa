package stock

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// Spec is what `faas-cli deploy` was told.
type Spec struct {
	Name, Image, Namespace string
	// Process is --fprocess.
	Process string
	// Nil maps are sent as null where the client does so.
	Env, Labels, Annotations map[string]string
	Constraints, Secrets     []string
	Limits, Requests         *Resources
	ReadOnly                 bool
	// Network and RegistryAuth are sent by Age2018 only.
	Network, RegistryAuth string
}

// Resources are those of a function. Age2018 sends both fields, the others leave out what is empty.
type Resources struct {
	Memory string `json:"memory,omitempty"`
	CPU    string `json:"cpu,omitempty"`
}

// deployment2018 is a function in the words of faas/gateway/requests: nothing is left out but registryAuth.
type deployment2018 struct {
	Service                string             `json:"service"`
	Image                  string             `json:"image"`
	Network                string             `json:"network"`
	EnvProcess             string             `json:"envProcess"`
	EnvVars                map[string]string  `json:"envVars"`
	RegistryAuth           string             `json:"registryAuth,omitempty"`
	Constraints            []string           `json:"constraints"`
	Secrets                []string           `json:"secrets"`
	Labels                 *map[string]string `json:"labels"`
	Annotations            *map[string]string `json:"annotations"`
	Limits                 *resources2018     `json:"limits"`
	Requests               *resources2018     `json:"requests"`
	ReadOnlyRootFilesystem bool               `json:"readOnlyRootFilesystem"`
}

type resources2018 struct {
	Memory string `json:"memory"`
	CPU    string `json:"cpu"`
}

// deployment is a function in the words of faas-provider/types. A pointer to a nil map is null and not left out.
type deployment struct {
	Service                string             `json:"service"`
	Image                  string             `json:"image"`
	Namespace              string             `json:"namespace,omitempty"`
	EnvProcess             string             `json:"envProcess,omitempty"`
	EnvVars                map[string]string  `json:"envVars,omitempty"`
	Constraints            []string           `json:"constraints,omitempty"`
	Secrets                []string           `json:"secrets,omitempty"`
	Labels                 *map[string]string `json:"labels,omitempty"`
	Annotations            *map[string]string `json:"annotations,omitempty"`
	Limits                 *Resources         `json:"limits,omitempty"`
	Requests               *Resources         `json:"requests,omitempty"`
	ReadOnlyRootFilesystem bool               `json:"readOnlyRootFilesystem,omitempty"`
}

// body is s as clients of this age send it.
func (s Spec) body(age Age) any {
	if age != Age2018 {
		return deployment{
			s.Name, s.Image, s.Namespace, s.Process, s.Env, s.Constraints, s.Secrets, &s.Labels, &s.Annotations,
			s.Limits, s.Requests, s.ReadOnly,
		}
	}
	old := func(r *Resources) *resources2018 {
		if r == nil {
			return nil
		}
		return &resources2018{r.Memory, r.CPU}
	}
	return deployment2018{
		s.Name, s.Image, s.Network, s.Process, s.Env, s.RegistryAuth, s.Constraints, s.Secrets, &s.Labels, &s.Annotations,
		old(s.Limits), old(s.Requests), s.ReadOnly,
	}
}

// Deploy is `faas-cli deploy`, and each function of `faas-cli up`: PUT, and POST when there is none to update.
func (c *Client) Deploy(ctx context.Context, s Spec) error {
	err := c.Put(ctx, s)
	if Code(err) == http.StatusNotFound {
		return c.Post(ctx, s)
	}
	return err
}

// Replace is `faas-cli deploy --replace --update=false`: DELETE, whatever comes of it, and POST at once.
func (c *Client) Replace(ctx context.Context, s Spec) error {
	var answered *Error
	if err := c.Remove(ctx, s.Name, s.Namespace); err != nil && !errors.As(err, &answered) {
		return err
	}
	return c.Post(ctx, s)
}

// Put is the first half of Deploy.
func (c *Client) Put(ctx context.Context, s Spec) error { return c.deploy(ctx, http.MethodPut, s) }

// Post is the second half of Deploy.
func (c *Client) Post(ctx context.Context, s Spec) error { return c.deploy(ctx, http.MethodPost, s) }

func (c *Client) deploy(ctx context.Context, method string, s Spec) error {
	// 201 is taken by later releases and by go-sdk's not at first, so it is none here.
	_, err := c.call(ctx, method, "/system/functions", nil, s.body(c.Age), http.StatusOK, http.StatusAccepted)
	return err
}

// removal is the body of a DELETE. The namespace stands in the query of earlier releases.
type removal struct {
	FunctionName string `json:"functionName"`
	Namespace    string `json:"namespace,omitempty"`
}

// Remove is `faas-cli remove`.
func (c *Client) Remove(ctx context.Context, name, namespace string) error {
	body, query := removal{FunctionName: name}, url.Values(nil)
	switch c.Age {
	case Age2021:
		query = inNamespace(namespace)
	case Age2025:
		body.Namespace = namespace
	}
	_, err := c.call(ctx, http.MethodDelete, "/system/functions", query, body, http.StatusOK, http.StatusAccepted)
	return err
}

// Function is a function as `faas-cli list` and `faas-cli describe` read it.
type Function struct {
	Name                   string             `json:"name"`
	Image                  string             `json:"image"`
	Namespace              string             `json:"namespace"`
	EnvProcess             string             `json:"envProcess"`
	EnvVars                map[string]string  `json:"envVars"`
	Constraints            []string           `json:"constraints"`
	Secrets                []string           `json:"secrets"`
	Labels                 *map[string]string `json:"labels"`
	Annotations            *map[string]string `json:"annotations"`
	Limits                 *Resources         `json:"limits"`
	Requests               *Resources         `json:"requests"`
	ReadOnlyRootFilesystem bool               `json:"readOnlyRootFilesystem"`
	InvocationCount        float64            `json:"invocationCount"`
	Replicas               uint64             `json:"replicas"`
	AvailableReplicas      uint64             `json:"availableReplicas"`
	CreatedAt              time.Time          `json:"createdAt"`
	Usage                  *Usage             `json:"usage"`
}

// Usage is what a function's replicas use together; CPU is in millicores.
type Usage struct {
	CPU              float64 `json:"cpu"`
	TotalMemoryBytes float64 `json:"totalMemoryBytes"`
}

// functionFields are those that clients and OpenFaaS's portal read without a look whether they are there.
func functionFields() []string {
	return []string{
		"name", "image", "namespace", "labels", "annotations", "invocationCount", "replicas", "availableReplicas", "createdAt",
	}
}

// List is `faas-cli list`.
func (c *Client) List(ctx context.Context, namespace string) ([]Function, error) {
	var query url.Values
	if c.Age != Age2018 {
		query = inNamespace(namespace)
	}
	text, err := c.call(ctx, http.MethodGet, "/system/functions", query, nil, http.StatusOK)
	if err != nil {
		return nil, err
	}
	return decodeList[Function](text, functionFields()...)
}

// Describe is the first half of `faas-cli describe`; the second is List, for the count of invocations.
func (c *Client) Describe(ctx context.Context, name, namespace string) (Function, error) {
	var query url.Values
	switch c.Age {
	case Age2021:
		query = inNamespace(namespace)
	case Age2025:
		query = url.Values{"usage": {"1"}}
		if namespace != "" {
			query.Set("namespace", namespace)
		}
	}
	var f Function
	text, err := c.call(ctx, http.MethodGet, "/system/function/"+name, query, nil, http.StatusOK)
	if err != nil {
		return f, err
	}
	return f, decode(text, &f, functionFields()...)
}

// scaling is the body of a scale request.
type scaling struct {
	ServiceName string `json:"serviceName"`
	Replicas    uint64 `json:"replicas"`
	Namespace   string `json:"namespace,omitempty"`
}

// Scale is `faas-cli scale`.
func (c *Client) Scale(ctx context.Context, name, namespace string, replicas uint64) error {
	body := scaling{ServiceName: name, Replicas: replicas}
	if c.Age == Age2025 {
		body.Namespace = namespace
	}
	_, err := c.call(ctx, http.MethodPost, "/system/scale-function/"+name, nil, body, http.StatusOK, http.StatusAccepted)
	return err
}
