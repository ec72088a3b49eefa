package alexa

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Response is what a skill answers.
type Response struct {
	Version  string `json:"version"`
	Response Speech `json:"response"`
}

// Speech is what Alexa says, and whether it listens on. No OutputSpeech: it says nothing.
type Speech struct {
	OutputSpeech     *OutputSpeech `json:"outputSpeech,omitempty"`
	ShouldEndSession bool          `json:"shouldEndSession"`
}

// OutputSpeech is the text of a Speech.
type OutputSpeech struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// Say returns the response that speaks text and ends the session. An empty text is silence.
func Say(text string) Response {
	r := Response{Version: "1.0", Response: Speech{ShouldEndSession: true}}
	if text != "" {
		r.Response.OutputSpeech = &OutputSpeech{Type: "PlainText", Text: text}
	}
	return r
}

// Skill is a function that answers intents.
type Skill struct {
	// Name is the program's, for its messages.
	Name string
	// Intents are those that it answers.
	Intents []string
	// Help is spoken to who opened the skill and asked nothing yet.
	Help string
	// Answer returns what to speak. What failed is spoken too, as a sentence, since Alexa turns every other answer into a
	// phrase of its own; its cause is the error, for the log.
	Answer func(context.Context, Intent) (speech string, err error)
}

// Serve reads a request from in, writes the response to out, and returns the program's exit code. What is no request for this
// skill is said on out as well, for whoever sent it, and fails.
func (s Skill) Serve(ctx context.Context, in io.Reader, out, log io.Writer) int {
	text, err := s.respond(ctx, in, log)
	if err != nil {
		_, _ = fmt.Fprintf(out, "%s: %v\n", s.Name, err) // who does not listen is not told
		return 1
	}
	if err := json.NewEncoder(out).Encode(Say(text)); err != nil {
		_, _ = fmt.Fprintf(log, "%s: write the response: %v\n", s.Name, err) // nowhere else to tell
		return 1
	}
	return 0
}

func (s Skill) respond(ctx context.Context, in io.Reader, log io.Writer) (string, error) {
	q, err := Read(in)
	if err != nil {
		return "", err
	}
	switch q.Request.Type {
	case LaunchRequest:
		return s.Help, nil
	case SessionEndedRequest:
		return "", nil
	case IntentRequest:
	default:
		return "", fmt.Errorf("a %q is not answered here: send an IntentRequest", q.Request.Type)
	}
	intent := q.Request.Intent
	if !slices.Contains(s.Intents, intent.Name) {
		return "", fmt.Errorf("the intent %q is not answered here: send %s", intent.Name, strings.Join(s.Intents, " or "))
	}
	text, err := s.Answer(ctx, intent)
	if err != nil {
		_, _ = fmt.Fprintf(log, "%s: %v\n", s.Name, err) // the answer goes out all the same
	}
	if text == "" {
		text = "Sorry, that did not work."
	}
	return text, nil
}
