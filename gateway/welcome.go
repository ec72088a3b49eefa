package gateway

import (
	"io"
	"net/http"
	"strings"
)

// welcome is for a person who came with a browser or curl. It names what is here and nothing of what runs here, so it
// needs no credentials.
const welcome = `This is a gateway for functions.

  GET   /ui/                  the portal, for a browser
  GET   /system/functions     what is deployed; HTTP Basic, as everything under /system
  ANY   /function/NAME        invoke a function
  POST  /async-function/NAME  invoke it later, and have the result sent to X-Callback-Url
  GET   /healthz              is the gateway well
  GET   /system/openapi.yaml  all of the API

To log in with a command-line client of OpenFaaS:

  faas-cli login --gateway http://THIS-ADDRESS --username USER --password-stdin
`

// showWelcome serves GET /: browsers are sent to the portal, where there is one.
func (g *Gateway) showWelcome(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		refuseMethod(w, r, "GET, HEAD, POST") // POST invokes, and does not get here
		return nil
	}
	if g.site != nil {
		w.Header().Set("Vary", "Accept")
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			toPortal(w)
			return nil
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, welcome) // a client that left is no news
	return nil
}
