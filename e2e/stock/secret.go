package stock

import (
	"context"
	"net/http"
	"net/url"
)

// Secret is a secret as it is sent and listed. RawValue is sent by go-sdk only.
type Secret struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
	Value     string `json:"value,omitempty"`
	RawValue  []byte `json:"rawValue,omitempty"`
}

// secretsPath is where all calls about secrets go.
const secretsPath = "/system/secrets"

// Secrets is `faas-cli secret list`.
func (c *Client) Secrets(ctx context.Context, namespace string) ([]Secret, error) {
	var query url.Values
	if c.Age != Age2018 {
		query = inNamespace(namespace)
	}
	text, err := c.call(ctx, http.MethodGet, secretsPath, query, nil, http.StatusOK, http.StatusAccepted)
	if err != nil {
		return nil, err
	}
	return decodeList[Secret](text, "name", "namespace")
}

// CreateSecret is `faas-cli secret create`. 409 tells the user that there is one.
func (c *Client) CreateSecret(ctx context.Context, s Secret) error {
	return c.setSecret(ctx, http.MethodPost, s, http.StatusOK, http.StatusCreated, http.StatusAccepted)
}

// UpdateSecret is `faas-cli secret update`.
func (c *Client) UpdateSecret(ctx context.Context, s Secret) error {
	return c.setSecret(ctx, http.MethodPut, s, http.StatusOK, http.StatusAccepted)
}

// RemoveSecret is `faas-cli secret remove`.
func (c *Client) RemoveSecret(ctx context.Context, name, namespace string) error {
	return c.setSecret(ctx, http.MethodDelete, Secret{Name: name, Namespace: namespace}, http.StatusOK, http.StatusAccepted)
}

func (c *Client) setSecret(ctx context.Context, method string, s Secret, ok ...int) error {
	if c.Age == Age2018 {
		s.Namespace = ""
	}
	_, err := c.call(ctx, method, secretsPath, nil, s, ok...)
	return err
}
