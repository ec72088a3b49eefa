package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"faas/internal/http1"
	"faas/internal/httperr"
)

// The files, under one directory, that hold the credentials.
const (
	UserFile     = "basic-auth-user"
	PasswordFile = "basic-auth-password" //nolint:gosec // the name of a file
)

// Credentials are what HTTP Basic must carry to reach /system and /ui.
type Credentials struct {
	User, Password string
}

// LoadCredentials reads the files basic-auth-user and basic-auth-password under dir, white space around
// them left out.
func LoadCredentials(dir string) (*Credentials, error) {
	var c Credentials
	for _, f := range []struct {
		name string
		to   *string
	}{{UserFile, &c.User}, {PasswordFile, &c.Password}} {
		b, err := os.ReadFile(filepath.Join(dir, f.name))
		if err != nil {
			return nil, fmt.Errorf("read credentials: %w", err)
		}
		if *f.to = strings.TrimSpace(string(b)); *f.to == "" {
			return nil, fmt.Errorf("read credentials: %s is empty", filepath.Join(dir, f.name))
		}
	}
	return &c, nil
}

// match compares in constant time; the digests make the lengths equal.
func (c *Credentials) match(user, password string) bool {
	equal := func(a, b string) int {
		x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
		return subtle.ConstantTimeCompare(x[:], y[:])
	}
	return equal(user, c.User)&equal(password, c.Password) == 1
}

// isLogin reports whether the value of an Authorization is the gateway's own user and password.
func (g *Gateway) isLogin(authorization string) bool {
	if g.opts.Credentials == nil {
		return false
	}
	user, password, ok := (&http.Request{Header: http.Header{"Authorization": {authorization}}}).BasicAuth()
	return ok && g.opts.Credentials.match(user, password)
}

// hideLogin takes the gateway's own password out of what a function gets. A browser that knows it sends it to a function that
// answers 401 and names the gateway's realm, and does not ask anybody.
func (g *Gateway) hideLogin(h http.Header) {
	if given := h["Authorization"]; slices.ContainsFunc(given, g.isLogin) {
		if h["Authorization"] = slices.DeleteFunc(given, g.isLogin); len(h["Authorization"]) == 0 {
			h.Del("Authorization")
		}
	}
}

// hasLogin reports whether a request must take the long way, where hideLogin is.
func (g *Gateway) hasLogin(fields []http1.Field) bool {
	for _, f := range fields {
		if len(f.Name) == len("authorization") && f.Is("authorization") && g.isLogin(string(f.Value)) {
			return true
		}
	}
	return false
}

// closed lets only requests with the credentials, or of a session that they began, through to next; without credentials
// set, everyone.
func (g *Gateway) closed(next http.Handler) http.Handler {
	if g.opts.Credentials == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		if ok && g.opts.Credentials.match(user, password) {
			next.ServeHTTP(w, r)
			return
		}
		s, ok := g.sessionOf(r, time.Now())
		if !ok {
			refuseUnknown(w, r)
			return
		}
		next.ServeHTTP(w, g.continueSession(w, r, s))
	})
}

// refuseUnknown answers 401. A page of the portal shows a form of its own, so its requests get no header that would have the
// browser open a window for a password.
func refuseUnknown(w http.ResponseWriter, r *http.Request) {
	if !byPage(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="Restricted"`)
	}
	text := "invalid credentials"
	if !strings.HasPrefix(r.URL.Path, "/system") && !inPortal(r.URL.Path) { // somebody who does not know it yet
		text += " for " + r.URL.Path + ": functions are called at /function/NAME, without any"
	}
	httperr.Refuse(w, http.StatusUnauthorized, text)
}

// byPage reports whether a script in a page makes the request, as far as can be told: browsers say so only over TLS and to
// this machine itself. The cookie of a session that has ended tells it as well.
func byPage(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	if r.Header.Get("Sec-Fetch-Dest") == "empty" && (mode == "cors" || mode == "same-origin") {
		return true
	}
	return r.Header.Get("X-Requested-With") != "" || hasSession(r)
}

// sameOrigin refuses what pages of other origins ask for. They could read no answer, but a browser that is signed in would send
// its credentials along. What a function serves as a page is one of them (see sandbox).
func sameOrigin(next http.Handler) http.Handler {
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		httperr.Refuse(w, http.StatusForbidden, "web pages of other origins may not call the gateway")
	})
	protection := http.NewCrossOriginProtection() // it looks at methods that change something
	protection.SetDenyHandler(refuse)
	unsafe := protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site := r.Header.Get("Sec-Fetch-Site")
		foreign := (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Mode") != "navigate"
		if foreign || r.Header.Get("Origin") == "null" {
			refuse.ServeHTTP(w, r)
			return
		}
		unsafe.ServeHTTP(w, r)
	})
}

// byAddress guards a gateway without credentials from web pages: a browser that calls it by a name other
// than localhost may have been led here by a page that made its own name point to this machine.
func byAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if byBrowser(r) && !isAddress(r.Host) {
			httperr.Refuse(w, http.StatusForbidden, "without credentials, call the gateway by its address or as localhost")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// byBrowser reports whether a browser makes the request. Over plain HTTP to a name it says neither of the first two as it reads from
// the origin that it takes a page to be of. The last is what a page's script can change, but not leave out.
func byBrowser(r *http.Request) bool {
	h := r.Header
	return h.Get("Origin") != "" || h.Get("Sec-Fetch-Site") != "" || strings.HasPrefix(h.Get("User-Agent"), "Mozilla/") ||
		len(h["Accept-Language"]) > 0
}

func isAddress(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return host == "localhost" || net.ParseIP(strings.Trim(host, "[]")) != nil
}
