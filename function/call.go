package function

import "time"

// Call is an invocation that was accepted and is made later.
type Call struct {
	// ID is the invocation's X-Call-Id.
	ID string
	// Function is the name of the function.
	Function string
	// Method, Path, Query and Header are those of the request. Path is the function's own, escaped, and starts with a slash.
	Method, Path, Query string
	Header              map[string][]string
	Body                []byte
	// Callback is the URL that gets the result. Empty: nobody does.
	Callback string
	// AcceptedAt is when the client was told that the call is kept.
	AcceptedAt time.Time
}
