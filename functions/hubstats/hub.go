package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"faas/functions/fetch"
)

// Docker Hub gives a hundred repositories a page at most. No organisation has this many pages.
const (
	pageSize = 100
	maxPages = 500
)

// hub is Docker Hub, or what stands in its place.
type hub struct {
	client *http.Client
	url    string // without a slash at its end
}

type stats struct {
	repositories int
	pulls        int64
}

// page is a part of the list of repositories. Next is empty on the last; it is not followed, since it may name a host that is not
// reachable from here.
type page struct {
	Count   *int    `json:"count"`
	Next    *string `json:"next"`
	Results []struct {
		PullCount int64 `json:"pull_count"`
	} `json:"results"`
}

// stats reads the whole list, page by page.
func (h hub) stats(ctx context.Context, org string) (stats, error) {
	var s stats
	for n := 1; n <= maxPages; n++ {
		body, err := fetch.Get(ctx, h.client, fmt.Sprintf("%s/namespaces/%s/repositories?page_size=%d&page=%d", h.url, url.PathEscape(org), pageSize, n))
		if err != nil {
			return stats{}, h.explain(err, org)
		}
		var p page
		if err := json.Unmarshal(body, &p); err != nil || p.Count == nil {
			return stats{}, fmt.Errorf("%s did not answer as Docker Hub does: is hub_url right?", h.url)
		}
		s.repositories += len(p.Results)
		for _, r := range p.Results {
			s.pulls += r.PullCount
		}
		if p.Next == nil || *p.Next == "" {
			return s, nil
		}
		if len(p.Results) == 0 {
			return stats{}, fmt.Errorf("%s promised more repositories after page %d, which is empty", h.url, n)
		}
	}
	return stats{}, fmt.Errorf("%s has more than %d repositories: that is too many to count", org, maxPages*pageSize)
}

func (h hub) explain(err error, org string) error {
	status, ok := errors.AsType[*fetch.StatusError](err)
	switch {
	case !ok:
		return err
	case status.Code == http.StatusNotFound:
		return fmt.Errorf("there is no organisation %s on Docker Hub", org)
	case status.Code == http.StatusTooManyRequests:
		return errors.New("too many requests were sent to Docker Hub (429): try again later")
	}
	return fmt.Errorf("%s answered %d %s", h.url, status.Code, http.StatusText(status.Code))
}
