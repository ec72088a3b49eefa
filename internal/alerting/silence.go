package alerting

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"

	"faas/function"
)

// State is what Alertmanager says of a silence.
type State string

// The states. An expired silence is never returned.
const (
	Pending State = "pending"
	Active  State = "active"
	expired State = "expired"
)

// Silence stops notifications of the alerts that all its matchers match.
type Silence struct {
	// ID is Alertmanager's. Empty for a new one.
	ID string
	// Matchers are all to match.
	Matchers labels.Matchers
	// StartsAt and EndsAt bound it, by Alertmanager's clock. A StartsAt of zero is now.
	StartsAt, EndsAt time.Time
	// UpdatedAt is when it was last changed; not read from a new one.
	UpdatedAt time.Time
	// CreatedBy and Comment are for people.
	CreatedBy, Comment string
	// State is not read from a new one.
	State State
}

// silenceJSON is a silence as Alertmanager writes and reads it.
type silenceJSON struct {
	ID        string        `json:"id,omitempty"`
	Matchers  []matcherJSON `json:"matchers"`
	StartsAt  time.Time     `json:"startsAt"`
	EndsAt    time.Time     `json:"endsAt"`
	UpdatedAt time.Time     `json:"updatedAt,omitzero"`
	CreatedBy string        `json:"createdBy"`
	Comment   string        `json:"comment"`
	Status    *stateJSON    `json:"status,omitempty"`
}

type stateJSON struct {
	State State `json:"state"`
}

type matcherJSON struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual *bool  `json:"isEqual,omitempty"` // missing: true
}

// Listing is what the Alertmanagers say of silences.
type Listing struct {
	// Silences are those that are active or pending, sorted by ID.
	Silences []Silence
	// Ended are the IDs of those that are over and not forgotten yet, sorted.
	Ended []string
	// Complete says that all Alertmanagers answered. Else there may be silences that only the others know.
	Complete bool
}

// Silences returns those of every Alertmanager that answers within 2 s, or soon after the first. Of one that several have,
// the newest form counts. The error is of kind ErrUnavailable: none answers.
func (c *Client) Silences(ctx context.Context) (Listing, error) {
	var mu sync.Mutex
	newest := map[string]silenceJSON{}
	answered, err := c.all(ctx, "list silences", func(ctx context.Context, m member) error {
		var list []silenceJSON
		if err := c.call(ctx, m, http.MethodGet, "silences", nil, &list); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, s := range list {
			if known, ok := newest[s.ID]; !ok || s.UpdatedAt.After(known.UpdatedAt) || (s.state() == expired && s.UpdatedAt.Equal(known.UpdatedAt)) {
				newest[s.ID] = s
			}
		}
		return nil
	})
	if answered == 0 {
		return Listing{}, err
	}
	listing := Listing{Complete: err == nil}
	for _, s := range newest {
		if s.state() == expired {
			listing.Ended = append(listing.Ended, s.ID)
			continue
		}
		silence, err := s.parse()
		if err != nil {
			return Listing{}, err
		}
		listing.Silences = append(listing.Silences, silence)
	}
	slices.SortFunc(listing.Silences, func(a, b Silence) int { return cmp.Compare(a.ID, b.ID) })
	slices.Sort(listing.Ended)
	return listing, nil
}

// After returns the silences that hold after l, where those before were known. Of an incomplete listing those stay that it
// does not show to be over, until their own end. Sorted by ID.
func (l Listing) After(before []Silence, now time.Time) []Silence {
	if l.Complete {
		return l.Silences
	}
	all := slices.Clone(l.Silences)
	for _, s := range before {
		listed := slices.ContainsFunc(l.Silences, func(o Silence) bool { return o.ID == s.ID })
		if !listed && now.Before(s.EndsAt) && !slices.Contains(l.Ended, s.ID) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b Silence) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

func (s silenceJSON) state() State {
	if s.Status == nil {
		return Active
	}
	return s.Status.State
}

// parse reads what Alertmanager wrote.
func (s silenceJSON) parse() (Silence, error) {
	out := Silence{
		ID: s.ID, StartsAt: s.StartsAt, EndsAt: s.EndsAt, UpdatedAt: s.UpdatedAt,
		CreatedBy: s.CreatedBy, Comment: s.Comment, State: s.state(),
	}
	for _, m := range s.Matchers {
		matcher, err := labels.NewMatcher(m.matchType(), m.Name, m.Value)
		if err != nil {
			return Silence{}, function.Unavailablef("silence %.100s: matcher on %.100q: %w", s.ID, m.Name, err)
		}
		out.Matchers = append(out.Matchers, matcher)
	}
	return out, nil
}

func (m matcherJSON) matchType() labels.MatchType {
	switch equal := m.IsEqual == nil || *m.IsEqual; {
	case m.IsRegex && equal:
		return labels.MatchRegexp
	case m.IsRegex:
		return labels.MatchNotRegexp
	case equal:
		return labels.MatchEqual
	}
	return labels.MatchNotEqual
}

// Silence makes a silence and returns its ID, or changes the one that has an ID. Alertmanagers that know each other
// pass it on, so the first that takes it gets it, each within 2 s. Errors: ErrInvalid when they refuse it, ErrNotFound
// when there is none of that ID, else ErrUnavailable.
func (c *Client) Silence(ctx context.Context, s Silence) (id string, err error) {
	wire := silenceJSON{
		ID: s.ID, Matchers: []matcherJSON{}, StartsAt: s.StartsAt, EndsAt: s.EndsAt, CreatedBy: s.CreatedBy, Comment: s.Comment,
	}
	if wire.StartsAt.IsZero() {
		wire.StartsAt = time.Now()
	}
	for _, m := range s.Matchers {
		equal := m.Type == labels.MatchEqual || m.Type == labels.MatchRegexp
		regex := m.Type == labels.MatchRegexp || m.Type == labels.MatchNotRegexp
		wire.Matchers = append(wire.Matchers, matcherJSON{Name: m.Name, Value: m.Value, IsRegex: regex, IsEqual: &equal})
	}
	body, err := json.Marshal(wire)
	if err != nil {
		return "", err
	}
	members, err := c.members(ctx)
	if len(members) == 0 {
		return "", fmt.Errorf("make silence: %w", err)
	}
	var failed []error
	for _, m := range members {
		id, err := c.silence(ctx, m, body)
		if err == nil {
			return id, nil
		}
		failed = append(failed, function.Unavailablef("Alertmanager %s: %w", m, err))
	}
	return "", fmt.Errorf("make silence: %w", agreed(failed))
}

func (c *Client) silence(ctx context.Context, m member, body []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var made struct {
		SilenceID string `json:"silenceID"`
	}
	if err := c.call(ctx, m, http.MethodPost, "silences", body, &made); err != nil {
		return "", err
	}
	return made.SilenceID, nil
}

// Expire ends a silence at every Alertmanager that has it, within 2 s. Errors: ErrNotFound when none has it, else
// ErrUnavailable when none ended it.
func (c *Client) Expire(ctx context.Context, id string) error {
	ended, err := c.all(ctx, "expire silence", func(ctx context.Context, m member) error {
		return c.call(ctx, m, http.MethodDelete, "silence/"+url.PathEscape(id), nil, nil)
	})
	if ended > 0 {
		return nil
	}
	return err
}
