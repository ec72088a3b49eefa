package gateway

import "net/http"

// showOpenAPI serves GET /system/openapi.yaml: the description of this API.
func (g *Gateway) showOpenAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(g.opts.OpenAPI) // a client that left is no news
	return nil
}
