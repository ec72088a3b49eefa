package alexa

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxRequest bounds what is read of a request, in bytes. Alexa's own are a few thousand.
const maxRequest = 128 << 10

// The types of a request.
const (
	// LaunchRequest: the skill was opened, and nothing asked of it yet.
	LaunchRequest = "LaunchRequest"
	// IntentRequest: something was asked.
	IntentRequest = "IntentRequest"
	// SessionEndedRequest: the session is over. No answer to it is spoken.
	SessionEndedRequest = "SessionEndedRequest"
)

// Request is what Alexa sends to a skill.
type Request struct {
	Version string  `json:"version"`
	Session Session `json:"session"`
	Request Event   `json:"request"`
}

// Session is who speaks, and to which skill.
type Session struct {
	New         bool   `json:"new"`
	SessionID   string `json:"sessionId"`
	Application struct {
		ApplicationID string `json:"applicationId"`
	} `json:"application"`
	User struct {
		UserID string `json:"userId"`
	} `json:"user"`
}

// Event is what happened. Intent is set where Type is IntentRequest.
type Event struct {
	Type      string `json:"type"`
	RequestID string `json:"requestId"`
	Timestamp string `json:"timestamp"`
	Locale    string `json:"locale,omitempty"`
	Intent    Intent `json:"intent"`
}

// Intent is what was asked for.
type Intent struct {
	Name  string          `json:"name"`
	Slots map[string]Slot `json:"slots,omitempty"`
}

// Slot is one word of an intent that varies. Value is as it was heard.
type Slot struct {
	Name        string      `json:"name"`
	Value       string      `json:"value,omitempty"`
	Resolutions Resolutions `json:"resolutions,omitzero"`
}

// Resolutions are what the words that a skill declared for a slot make of its value.
type Resolutions struct {
	PerAuthority []struct {
		Status struct {
			Code string `json:"code"`
		} `json:"status"`
		Values []struct {
			Value struct {
				Name string `json:"name"`
			} `json:"value"`
		} `json:"values"`
	} `json:"resolutionsPerAuthority,omitempty"`
}

// Slot returns the value of the first slot that has one of these names, in any case of letters: the word that the skill
// declared, where what was heard is one of its synonyms, or else as it was heard. Empty: there is none.
func (i Intent) Slot(names ...string) string {
	for _, name := range names {
		for key, slot := range i.Slots {
			if !strings.EqualFold(key, name) {
				continue
			}
			if value := slot.value(); value != "" {
				return value
			}
		}
	}
	return ""
}

func (s Slot) value() string {
	for _, r := range s.Resolutions.PerAuthority {
		if r.Status.Code == "ER_SUCCESS_MATCH" && len(r.Values) > 0 && r.Values[0].Value.Name != "" {
			return r.Values[0].Value.Name
		}
	}
	return strings.TrimSpace(s.Value)
}

// errNoRequest says what is wanted in place of what came.
var errNoRequest = errors.New("send an Alexa request, JSON with version, session and request.type")

// Read reads one request.
func Read(r io.Reader) (Request, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxRequest+1))
	if err != nil {
		return Request{}, fmt.Errorf("read the request: %w", err)
	}
	var q Request
	switch {
	case len(body) == 0:
		return q, fmt.Errorf("the body is empty: %w", errNoRequest)
	case len(body) > maxRequest:
		return q, fmt.Errorf("the body has more than %d bytes: %w", maxRequest, errNoRequest)
	}
	if err := json.Unmarshal(body, &q); err != nil {
		return q, fmt.Errorf("the body is no Alexa request (%w): %w", err, errNoRequest)
	}
	switch {
	case q.Request.Type == "":
		return q, fmt.Errorf("the body has no request.type: %w", errNoRequest)
	case q.Request.Type == IntentRequest && q.Request.Intent.Name == "":
		return q, fmt.Errorf("the IntentRequest has no request.intent.name: %w", errNoRequest)
	}
	return q, nil
}
