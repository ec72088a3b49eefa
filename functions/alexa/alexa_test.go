package alexa

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func intent(name string) string {
	return `{"version":"1.0","session":{"sessionId":"s","application":{"applicationId":"a"},"user":{"userId":"u"}},` +
		`"request":{"type":"IntentRequest","requestId":"r","timestamp":"2026-11-28T08:00:00Z","intent":{"name":"` + name + `"}}}`
}

func TestSkill(t *testing.T) {
	s := Skill{
		Name: "door", Intents: []string{"OpenIntent", "ShutIntent", "FallIntent"}, Help: "Ask me to open.",
		Answer: func(_ context.Context, i Intent) (string, error) {
			switch i.Name {
			case "ShutIntent":
				return "It is stuck.", errors.New("hinge: rusty")
			case "FallIntent":
				return "", errors.New("no floor")
			}
			return "It is <open> & free.", nil
		},
	}
	for _, c := range []struct {
		name, body, out, log string
		code                 int
	}{
		{"intent", intent("OpenIntent"), `{"version":"1.0","response":{"outputSpeech":{"type":"PlainText","text":"It is \u003copen\u003e \u0026 free."},"shouldEndSession":true}}`, "", 0},
		{"a failure is spoken", intent("ShutIntent"), `{"version":"1.0","response":{"outputSpeech":{"type":"PlainText","text":"It is stuck."},"shouldEndSession":true}}`, "door: hinge: rusty\n", 0},
		{"a failure without words", intent("FallIntent"), `{"version":"1.0","response":{"outputSpeech":{"type":"PlainText","text":"Sorry, that did not work."},"shouldEndSession":true}}`, "door: no floor\n", 0},
		{"launch", `{"request":{"type":"LaunchRequest"}}`, `{"version":"1.0","response":{"outputSpeech":{"type":"PlainText","text":"Ask me to open."},"shouldEndSession":true}}`, "", 0},
		{"session ended", `{"request":{"type":"SessionEndedRequest","reason":"USER_INITIATED"}}`, `{"version":"1.0","response":{"shouldEndSession":true}}`, "", 0},
		{"another intent", intent("LockIntent"), `door: the intent "LockIntent" is not answered here: send OpenIntent or ShutIntent or FallIntent`, "", 1},
		{"another type", `{"request":{"type":"AudioPlayer.PlaybackStarted"}}`, `door: a "AudioPlayer.PlaybackStarted" is not answered here: send an IntentRequest`, "", 1},
		{"empty", "", "door: the body is empty: send an Alexa request, JSON with version, session and request.type", "", 1},
		{"text", "hello", "door: the body is no Alexa request (invalid character 'h' looking for beginning of value): send an Alexa request, JSON with version, session and request.type", "", 1},
		{"a list", "[]", "door: the body is no Alexa request (json: cannot unmarshal array into Go value of type alexa.Request): send an Alexa request, JSON with version, session and request.type", "", 1},
		{"no type", "{}", "door: the body has no request.type: send an Alexa request, JSON with version, session and request.type", "", 1},
		{"no name", intent(""), "door: the IntentRequest has no request.intent.name: send an Alexa request, JSON with version, session and request.type", "", 1},
		{"too large", strings.Repeat(" ", 128<<10) + "{}", "door: the body has more than 131072 bytes: send an Alexa request, JSON with version, session and request.type", "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, log strings.Builder
			code := s.Serve(t.Context(), strings.NewReader(c.body), &out, &log)
			if code != c.code || out.String() != c.out+"\n" || log.String() != c.log {
				t.Errorf("code %d, out\n%s\nwant %d\n%s\nlog %q, want %q", code, &out, c.code, c.out, &log, c.log)
			}
		})
	}
}

func TestSlot(t *testing.T) {
	q, err := Read(strings.NewReader(`{"request":{"type":"IntentRequest","intent":{"name":"A","slots":{
		"empty":{"name":"empty"},
		"Heard":{"name":"Heard","value":" light blue "},
		"Resolved":{"name":"Resolved","value":"crimson","resolutions":{"resolutionsPerAuthority":[
			{"authority":"b","status":{"code":"ER_SUCCESS_NO_MATCH"}},
			{"authority":"a","status":{"code":"ER_SUCCESS_MATCH"},"values":[{"value":{"name":"red","id":"1"}}]}]}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for want, names := range map[string][]string{"light blue": {"empty", "heard"}, "red": {"resolved", "heard"}, "": {"ghost", "empty"}} {
		if got := q.Request.Intent.Slot(names...); got != want {
			t.Errorf("%v: %q, want %q", names, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(intent("OpenIntent"))
	f.Add(`{"request":{"type":"LaunchRequest"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		q, err := Read(strings.NewReader(body))
		if err == nil && (q.Request.Type == "" || q.Request.Type == IntentRequest && q.Request.Intent.Name == "") {
			t.Errorf("%q was taken for a request", body)
		}
	})
}
