package gateway

import (
	"net/http"

	"github.com/julienschmidt/httprouter"

	"faas/api"
	"faas/function"
	"faas/internal/httperr"
)

// listNamespaces serves GET /system/namespaces.
func (g *Gateway) listNamespaces(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, []string{function.Namespace})
}

// describeNamespace serves GET /system/namespace/NAME.
func (g *Gateway) describeNamespace(w http.ResponseWriter, r *http.Request) error {
	if err := checkNamespace(httprouter.ParamsFromContext(r.Context()).ByName("name")); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.Namespace{Name: function.Namespace})
}

// refuseNamespace answers who would make, change or remove one.
func (g *Gateway) refuseNamespace(w http.ResponseWriter, _ *http.Request) error {
	httperr.Refuse(w, http.StatusNotImplemented,
		"there is one namespace, "+function.Namespace+", and it can be neither changed nor joined by another")
	return nil
}

// checkNamespace refuses every namespace that a request names, in its body or its query, but the one there is. None
// stands for that one too.
func checkNamespace(named ...string) error {
	for _, ns := range named {
		if ns != "" && ns != function.Namespace {
			return function.NotFoundf("namespace %.80q does not exist: there is one, %q", ns, function.Namespace)
		}
	}
	return nil
}
