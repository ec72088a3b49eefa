package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"

	"faas/functions/alexa"
	"faas/functions/fetch"
)

// counter counts captains on a page.
type counter struct {
	client   *http.Client
	url      string
	selector string // of the links to the pages of captains, in CSS
}

// errNone is a page that looks otherwise than it did.
var errNone = errors.New("no captain is on the page")

func (c counter) answer(ctx context.Context, _ alexa.Intent) (string, error) {
	n, err := c.count(ctx)
	switch {
	case errors.Is(err, errNone):
		return "I found no Docker Captains on their page.", err
	case err != nil:
		return "Sorry, I cannot read the page of the Docker Captains now.", err
	case n == 1:
		return "There is one Docker Captain.", nil
	}
	return fmt.Sprintf("There are %d Docker Captains.", n), nil
}

// count returns how many pages of captains the page links to. A captain that is linked to twice, by picture and by name, is one.
func (c counter) count(ctx context.Context) (int, error) {
	links, err := cascadia.Compile(c.selector)
	if err != nil {
		return 0, fmt.Errorf("captains_selector %q is no CSS selector: %w", c.selector, err)
	}
	body, err := fetch.Get(ctx, c.client, c.url)
	if err != nil {
		return 0, err
	}
	page, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("parse %s: %w", c.url, err)
	}
	base, err := url.Parse(c.url)
	if err != nil {
		return 0, fmt.Errorf("parse captains_url: %w", err)
	}
	captains := map[string]bool{}
	for _, a := range page.FindMatcher(links).EachIter() {
		if to, err := base.Parse(strings.TrimSpace(a.AttrOr("href", ""))); err == nil && !same(to, base) {
			captains[place(to)] = true
		}
	}
	if len(captains) == 0 {
		return 0, fmt.Errorf("%w %s: it may have changed; captains_selector says which links are captains, now %s", errNone, c.url, c.selector)
	}
	return len(captains), nil
}

// place is where a link leads, without what picks a part of it.
func place(u *url.URL) string { return u.Host + strings.TrimSuffix(u.Path, "/") }

func same(a, b *url.URL) bool { return place(a) == place(b) }
