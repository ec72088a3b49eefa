package api

// PortalSession is the answer of GET /ui/session.
type PortalSession struct {
	// User is who is signed in. Empty where nobody needs to: Open says that the gateway has no credentials.
	User string `json:"user"`
	Open bool   `json:"open"`
}

// SignIn is the body of POST /ui/session.
type SignIn struct {
	User     string `json:"user"`
	Password string `json:"password"` //nolint:gosec // G117: it is read, and never written
}
