package gateway

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"faas/api"
	"faas/gateway/session"
	"faas/internal/httperr"
)

// sessionKey is where a request's context has its session.
type sessionKey struct{}

// serveSession serves /ui/session.
func (g *Gateway) serveSession(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return g.showSession(w, r)
	case http.MethodPost:
		return g.signIn(w, r)
	case http.MethodDelete:
		g.setSession(w, r, "", -1)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	refuseMethod(w, r, "DELETE, GET, HEAD, POST")
	return nil
}

// showSession says who is signed in.
func (g *Gateway) showSession(w http.ResponseWriter, r *http.Request) error {
	if g.sessions == nil {
		return writeJSON(w, http.StatusOK, api.PortalSession{Open: true})
	}
	if user, password, ok := r.BasicAuth(); ok && g.opts.Credentials.match(user, password) {
		return writeJSON(w, http.StatusOK, api.PortalSession{User: user})
	}
	s, ok := g.sessionOf(r, time.Now())
	if !ok {
		httperr.Refuse(w, http.StatusUnauthorized, "nobody is signed in")
		return nil
	}
	g.continueSession(w, r, s)
	return writeJSON(w, http.StatusOK, api.PortalSession{User: s.User})
}

// signIn begins a session.
func (g *Gateway) signIn(w http.ResponseWriter, r *http.Request) error {
	var body api.SignIn
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	if g.sessions == nil { // everyone may do everything
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	now := time.Now()
	from, _ := netip.ParseAddrPort(r.RemoteAddr) // of something else that serves: all that comes from there is one
	wait, good := g.attempts.Try(from.Addr(), now)
	if wait > 0 {
		seconds := int(math.Ceil(wait.Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		httperr.Refuse(w, http.StatusTooManyRequests, "too many attempts: try again in "+strconv.Itoa(seconds)+" s")
		return nil
	}
	if !g.opts.Credentials.match(body.User, body.Password) {
		g.log.Warn("sign-in refused", "client", from.Addr().String())
		httperr.Refuse(w, http.StatusUnauthorized, "wrong user or password")
		return nil
	}
	good()
	s := g.sessions.Begin(now)
	g.setSession(w, r, g.sessions.Token(s), 0)
	g.log.Info("signed in", "user", s.User, "client", from.Addr().String())
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// sessionOf returns the session whose cookie a request has.
func (g *Gateway) sessionOf(r *http.Request, now time.Time) (session.Session, bool) {
	if g.sessions == nil {
		return session.Session{}, false
	}
	for _, c := range r.CookiesNamed(session.Cookie) { // a function that sets one too must not sign anybody out
		if s, err := g.sessions.Open(c.Value, now); err == nil {
			return s, true
		}
	}
	return session.Session{}, false
}

// hasSession reports whether a request has the cookie, whatever is in it.
func hasSession(r *http.Request) bool { return len(r.CookiesNamed(session.Cookie)) > 0 }

// continueSession returns the request with its session in the context, and renews that where it is time.
func (g *Gateway) continueSession(w http.ResponseWriter, r *http.Request, s session.Session) *http.Request {
	if now := time.Now(); !now.Before(s.Due()) {
		s = g.sessions.Renew(s, now)
		g.setSession(w, r, g.sessions.Token(s), 0)
	}
	return r.WithContext(context.WithValue(r.Context(), sessionKey{}, s))
}

// setSession sets the cookie, which ends with the browser if not before. No script reads it, and no other site's page has it
// sent.
func (g *Gateway) setSession(w http.ResponseWriter, r *http.Request, token string, maxAge int) {
	proto, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: over plain HTTP a browser would not send a secure one back
		Name: session.Cookie, Value: token, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || strings.TrimSpace(proto) == "https",
	})
}
