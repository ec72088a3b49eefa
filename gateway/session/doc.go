// Package session keeps people who use the portal signed in.
//
// A session is a token that says when it began and when it ends, with a MAC by a key that is derived from the credentials.
// So no gateway remembers sessions: every gateway with the same credentials takes the token of another, a restart ends none,
// and a changed password ends all. docs/decisions/0020 has the reasons.
//
// It stands in front of both flows, beside HTTP Basic.
package session
