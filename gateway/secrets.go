package gateway

import (
	"cmp"
	"context"
	"net/http"

	"faas/api"
	"faas/function"
)

// listSecrets serves GET /system/secrets: names, and never a value.
func (g *Gateway) listSecrets(w http.ResponseWriter, r *http.Request) error {
	if err := checkNamespace(queryNamespace(r)); err != nil {
		return err
	}
	names, err := g.opts.Secrets.Secrets(r.Context())
	if err != nil {
		return err
	}
	list := make([]api.Secret, 0, len(names))
	for _, name := range names {
		if !isOwnSecret(name) {
			list = append(list, api.Secret{Name: name, Namespace: function.Namespace})
		}
	}
	return writeJSON(w, http.StatusOK, list)
}

// createSecret serves POST /system/secrets.
func (g *Gateway) createSecret(w http.ResponseWriter, r *http.Request) error {
	name, err := setSecret(w, r, g.opts.Secrets.CreateSecret)
	if err != nil {
		return err
	}
	g.log.Info("secret created", "secret", name)
	w.WriteHeader(http.StatusCreated)
	return nil
}

// updateSecret serves PUT /system/secrets.
func (g *Gateway) updateSecret(w http.ResponseWriter, r *http.Request) error {
	name, err := setSecret(w, r, g.opts.Secrets.UpdateSecret)
	if err != nil {
		return err
	}
	g.log.Info("secret updated", "secret", name)
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// setSecret gives set the secret that the body has, and returns its name.
func setSecret(w http.ResponseWriter, r *http.Request, set func(context.Context, function.Secret) error) (string, error) {
	body, err := readSecret(w, r)
	if err != nil {
		return "", err
	}
	secret := function.Secret{Name: body.Name, Value: body.RawValue}
	if len(secret.Value) == 0 {
		secret.Value = []byte(body.Value)
	}
	if err := secret.Validate(); err != nil {
		return "", err
	}
	return secret.Name, set(r.Context(), secret)
}

// removeSecret serves DELETE /system/secrets.
func (g *Gateway) removeSecret(w http.ResponseWriter, r *http.Request) error {
	body, err := readSecret(w, r)
	if err != nil {
		return err
	}
	if err := g.opts.Secrets.RemoveSecret(r.Context(), body.Name); err != nil {
		return err
	}
	g.log.Info("secret removed", "secret", body.Name)
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// readSecret reads a body that names a secret which clients may change.
func readSecret(w http.ResponseWriter, r *http.Request) (api.Secret, error) {
	var s api.Secret
	if err := readJSON(w, r, &s); err != nil {
		return s, err
	}
	if isOwnSecret(s.Name) {
		return s, function.Invalidf("secret %s is the gateway's own and not for functions", s.Name)
	}
	return s, cmp.Or(checkNamespace(s.Namespace, queryNamespace(r)), function.ValidateSecretName(s.Name))
}

// isOwnSecret tells the gateway's credentials from what functions may have.
func isOwnSecret(name string) bool { return name == UserFile || name == PasswordFile }
