package gateway

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"faas/function"
	"faas/gateway/session"
	"faas/internal/http1"
)

// sandbox gives a page an origin of its own, which nothing else has: it runs, but as a page of another site. Functions have
// the portal's origin, and a script with that could do all that the person may who opens it.
const sandbox = "sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads"

// use is what a client does with an answer.
type use int

const (
	asData   use = iota // it is no browser
	asPage              // what a browser shows as a document, in a window or a frame, now or later
	asScript            // one that acts for pages of the origin: a worker, or a part of one of them
)

// useOf tells by the values of Sec-Fetch-Dest, Sec-Fetch-Site, Service-Worker, Origin, Accept and User-Agent. Browsers send the first
// two over TLS and to this machine itself only. What a browser asks for as an image, by fetch or ahead of time it may keep, and show
// as a page afterwards, and an answer of 304 does not add to what it kept. So all that a browser gets is a page. A script can
// give itself out for something else by its User-Agent, but then its request has an Origin.
func useOf(dest, site, serviceWorker, origin, accept, agent string) use {
	switch dest {
	case "":
		if serviceWorker != "" {
			return asScript
		}
	case "script", "style", "worker":
		if site == "same-origin" { // what is sealed is of another, so this is the portal's own page, led astray
			return asScript
		}
	case "serviceworker", "sharedworker":
		return asScript
	}
	if dest != "" || origin != "" || strings.Contains(accept, "text/html") || strings.HasPrefix(agent, "Mozilla/") {
		return asPage
	}
	return asData
}

// useBy tells what the client does with a function's answer that must be kept apart from the portal.
func (g *Gateway) useBy(h http.Header, target *route) use {
	if g.site == nil || trusted(target) {
		return asData
	}
	return useOf(h.Get("Sec-Fetch-Dest"), h.Get("Sec-Fetch-Site"), h.Get("Service-Worker"), h.Get("Origin"), h.Get("Accept"), h.Get("User-Agent"))
}

func trusted(r *route) bool {
	return r.status.Load().Annotations[function.AnnotationPages] == "trusted"
}

// forPage reports whether a request must take the long way, which knows what to do: it may be a browser's for a page or a
// worker, or has the cookie of a session. Else fetched says that a script asks, whose answer is a page all the same (see useOf).
func forPage(fields []http1.Field) (long, fetched bool) {
	browser := false
	for _, f := range fields {
		switch len(f.Name) {
		case len("cookie"): // and Accept, Origin
			if f.Is("cookie") && bytes.Contains(f.Value, []byte(session.Cookie)) {
				return true, false
			}
			browser = browser || f.Is("accept") && bytes.Contains(f.Value, []byte("text/html")) || f.Is("origin")
		case len("user-agent"):
			browser = browser || bytes.HasPrefix(f.Value, []byte("Mozilla/")) && f.Is("user-agent")
		case len("sec-fetch-dest"): // and Service-Worker
			switch {
			case f.Is("service-worker"):
				browser = true
			case f.Is("sec-fetch-dest"):
				if string(f.Value) != "empty" {
					return true, false
				}
				fetched = true
			}
		}
	}
	return browser && !fetched, fetched
}

// hideSession takes the cookie of the session out of what a function gets, and leaves its own.
func hideSession(h http.Header) {
	cookies := h["Cookie"]
	if !slices.ContainsFunc(cookies, func(line string) bool { return strings.Contains(line, session.Cookie) }) {
		return
	}
	var kept []string
	for _, line := range cookies {
		var pairs []string
		for pair := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(pair, "=")
			if strings.TrimSpace(name) != session.Cookie {
				pairs = append(pairs, strings.TrimSpace(pair))
			}
		}
		if len(pairs) > 0 {
			kept = append(kept, strings.Join(pairs, "; "))
		}
	}
	if len(kept) == 0 {
		h.Del("Cookie")
		return
	}
	h["Cookie"] = kept
}

// setsSession reports whether a Set-Cookie is one of the session's, which is no function's to set. One without a name is sent back as
// its value stands, and so has the name that the value begins with.
func setsSession(value []byte) bool {
	pair, _, _ := bytes.Cut(value, []byte(";"))
	name, rest, _ := bytes.Cut(pair, []byte("="))
	if name = bytes.TrimSpace(name); len(name) == 0 {
		name, _, _ = bytes.Cut(rest, []byte("="))
	}
	return string(bytes.TrimSpace(name)) == session.Cookie
}
