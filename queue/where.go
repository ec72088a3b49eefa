package queue

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Where tells which servers a list of URLs names, without the users and passwords in it. What is no URL is "invalid".
func Where(list string) string {
	var all []string
	for one := range strings.SplitSeq(list, ",") {
		u, err := serverURL(one)
		if err != nil {
			all = append(all, "invalid")
			continue
		}
		all = append(all, u.Scheme+"://"+u.Host)
	}
	return strings.Join(all, ",")
}

// validURL tells whether all of a list are URLs of servers. Its error has none of their text, which may be a password.
func validURL(list string) error {
	for one := range strings.SplitSeq(list, ",") {
		if _, err := serverURL(one); err != nil {
			return err
		}
	}
	return nil
}

// serverURL reads a URL as the client of NATS does, which takes HOST:PORT as well.
func serverURL(text string) (*url.URL, error) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		text = "nats://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
		return nil, errors.New("queue: the URL of a server is not valid: write nats://HOST:PORT, and what is special in a password as %XX")
	}
	return u, nil
}
