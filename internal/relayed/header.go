// Package relayed marks the alert webhooks that one gateway passes on to the others. Gateway and scaler do not know each
// other, and must mean the same mark: a gateway passes on what has none, a scaler takes the steps of what has none.
package relayed

import "net/http"

// Header is set to any value in a webhook that came from another gateway.
const Header = "X-Faas-Relayed"

// Mark says that a request with header h is passed on.
func Mark(h http.Header) { h.Set(Header, "1") }

// Is reports whether r was passed on.
func Is(r *http.Request) bool { return r.Header.Get(Header) != "" }
