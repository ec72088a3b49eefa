package gateway

import (
	"fmt"
	"net/http"
	"time"

	"faas/api"
	"faas/function"
	"faas/gateway/session"
	"faas/internal/alerting"
	"faas/internal/httperr"
)

const (
	// defaultFreeze is how long a function stays frozen about which nothing was said, maxFreeze how long it may.
	defaultFreeze = time.Hour
	maxFreeze     = 365 * 24 * time.Hour
	// maxComment bounds the comment on a silence, in bytes.
	maxComment = 500
)

// listFrozen serves GET /system/scale/frozen.
func (g *Gateway) listFrozen(w http.ResponseWriter, _ *http.Request) error {
	list := []api.FrozenFunction{}
	if g.opts.Freezer != nil {
		for _, f := range g.opts.Freezer.Frozen() {
			list = append(list, api.FrozenFunction(f))
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, http.StatusOK, list)
}

// freezeFunction serves PUT /system/functions/NAME/freeze.
func (g *Gateway) freezeFunction(w http.ResponseWriter, r *http.Request) error {
	var body api.FreezeRequest
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	if err := checkNamespace(queryNamespace(r)); err != nil {
		return err
	}
	lasts := defaultFreeze
	if body.For != "" {
		var err error
		if lasts, err = time.ParseDuration(body.For); err != nil || lasts < time.Second || lasts > maxFreeze {
			return function.Invalidf("for %.50q: say how long, from 1s to %dh, such as 30m or 1h30m", body.For, int(maxFreeze.Hours()))
		}
	}
	if len(body.Comment) > maxComment {
		return function.Invalidf("comment has %d bytes: at most %d are allowed", len(body.Comment), maxComment)
	}
	status, err := g.function(r.Context(), nameInPath(r))
	if err != nil {
		return fmt.Errorf("freeze function: %w", err)
	}
	if g.opts.Freezer == nil {
		return refuseFreeze(w)
	}
	frozen, err := g.opts.Freezer.Freeze(r.Context(), alerting.Freeze{
		Function: status.Name, Until: time.Now().Add(lasts).Truncate(time.Millisecond), CreatedBy: caller(r), Comment: body.Comment,
	})
	if err != nil {
		return fmt.Errorf("freeze function: %w", err)
	}
	return writeJSON(w, http.StatusOK, api.FrozenFunction(frozen))
}

// unfreezeFunction serves DELETE /system/functions/NAME/freeze.
func (g *Gateway) unfreezeFunction(w http.ResponseWriter, r *http.Request) error {
	if err := checkNamespace(queryNamespace(r)); err != nil {
		return err
	}
	status, err := g.function(r.Context(), nameInPath(r))
	if err != nil {
		return fmt.Errorf("unfreeze function: %w", err)
	}
	if g.opts.Freezer == nil {
		return refuseFreeze(w)
	}
	ended, err := g.opts.Freezer.Unfreeze(r.Context(), status.Name)
	if err != nil {
		return fmt.Errorf("unfreeze function: %w", err)
	}
	if ended == nil {
		ended = []string{} // a list in JSON too
	}
	return writeJSON(w, http.StatusOK, api.ThawedFunction{Function: status.Name, Ended: ended})
}

func refuseFreeze(w http.ResponseWriter) error {
	httperr.Refuse(w, http.StatusNotImplemented, "this gateway knows no Alertmanager, in which a silence would freeze the function: start it with --alertmanager URL")
	return nil
}

// caller is who makes a request, as silences name them.
func caller(r *http.Request) string {
	if s, ok := r.Context().Value(sessionKey{}).(session.Session); ok {
		return s.User
	}
	if user, _, ok := r.BasicAuth(); ok && user != "" {
		return user
	}
	return "faas"
}
