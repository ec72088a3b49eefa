package gateway

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"faas/function"
)

func withIntents(o *Options) { o.Intents = true }

// intentRequest is what Alexa sends.
func intentRequest(intent string) string {
	return `{"version":"1.0","session":{"sessionId":"s","application":{"applicationId":"a"},"user":{"userId":"u"}},` +
		` "request":{"type":"IntentRequest","requestId":"r","timestamp":"2026-11-28T08:00:00Z","intent":{"name":"` + intent + `","slots":{}}}}`
}

// answering is a function that answers with its own name, and with how it was called.
func answering(t *testing.T, name string) function.Status {
	return status(name, replica(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Saw", r.Method+" "+r.RequestURI+" "+r.Header.Get("Signature")+" "+r.Header.Get("Content-Type"))
		_, _ = io.WriteString(w, name+" "+string(body)) // a test that left has failed already
	}))
}

func TestInvokeByIntent(t *testing.T) {
	g := start(t, newFakeBackend(answering(t, "hostname"), answering(t, "stop"), answering(t, "both"), answering(t, "bothintent"),
		aliased(answering(t, "func_captains"), "captains"),
		aliased(answering(t, "one_twin"), "twin"), aliased(answering(t, "two_twin"), "twin")), withIntents)
	for _, c := range []struct {
		name, body string
		header     []string
		status     int
		answer     string // %: the body
	}{
		{"without the suffix", intentRequest("HostnameIntent"), nil, 200, "hostname %"},
		{"the name alone", intentRequest("Hostname"), nil, 200, "hostname %"},
		{"with the suffix first", intentRequest("BothIntent"), nil, 200, "bothintent %"},
		{"with the namespace", intentRequest("HostnameIntent.openfaas-fn"), nil, 200, "hostname %"},
		{"by an alias", intentRequest("CaptainsIntent"), nil, 200, "func_captains %"},
		{"Alexa's own", intentRequest("AMAZON.StopIntent"), nil, 200, "stop %"},
		{"the header wins", intentRequest("HostnameIntent"), []string{"X-Function", "stop"}, 200, "stop %"},
		{"the header needs no request", "hello", []string{"X-Function", "stop"}, 200, "stop %"},
		{
			"unknown", intentRequest("GhostIntent"), nil, 404,
			`no function answers the intent "GhostIntent": function "ghostintent" does not exist; function "ghost" does not exist`,
		},
		{
			"unknown, of Alexa", intentRequest("AMAZON.HelpIntent"), nil, 404,
			`no function answers the intent "AMAZON.HelpIntent": function "helpintent" does not exist; function "help" does not exist`,
		},
		{"only the suffix", intentRequest("Intent"), nil, 404, `no function answers the intent "Intent": function "intent" does not exist`},
		{"two answer", intentRequest("TwinIntent"), nil, 404, `no function answers the intent "TwinIntent": function "twinintent" does not exist; ` +
			`function "twin" does not exist, but more than one answer to that name: say one_twin or two_twin`},
		{
			"a path", intentRequest("../system/functions"), nil, 404,
			`no function answers the intent "../system/functions": function "../system/functions" does not exist`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, body := g.do(t, "POST", "/", c.body, append([]string{"X-Call-Id", "mine", "Signature", "signed", "Content-Type", "application/json;charset=UTF-8"}, c.header...)...)
			wantStatus(t, res, body, c.status)
			if want := strings.ReplaceAll(c.answer, "%", c.body); strings.TrimSuffix(body, "\n") != want {
				t.Errorf("answers %q, want %q", body, want)
			}
			if res.Header.Get("X-Call-Id") != "mine" || res.Header.Get("X-Start-Time") == "" || res.Header.Get("X-Duration-Seconds") == "" {
				t.Errorf("header %v", res.Header)
			}
			if saw := res.Header.Get("X-Saw"); c.status == 200 && saw != "POST / signed application/json;charset=UTF-8" {
				t.Errorf("the function saw %s", saw)
			}
			if origin := res.Header.Get("X-OpenFaaS-Internal"); (c.status == 200) != (origin == "") {
				t.Errorf("the answer is from %q", origin)
			}
		})
	}
	text := g.metricsText(t, "/metrics")
	for _, want := range []string{
		`gateway_function_invocation_total{code="200",function_name="func_captains"} 1`,
		`gateway_function_invocation_total{code="200",function_name="hostname"} 3`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func TestIntentIsExpected(t *testing.T) {
	g := start(t, newFakeBackend(answering(t, "hostname")), withIntents)
	const expects = "POST / invokes the function that the intent of an Alexa IntentRequest names, JSON with request.type and request.intent.name, " +
		"or the one that the header X-Function names; this body is no such request: "
	for name, c := range map[string]struct {
		body   string
		status int
		answer string
	}{
		"empty":   {"", 400, expects + "it is empty"},
		"text":    {"hello", 400, expects + "invalid character 'h' looking for beginning of value"},
		"a list":  {"[1]", 400, expects + "json: cannot unmarshal array into Go value of type"},
		"other":   {`{"a":1}`, 400, expects + "it has no request.type"},
		"launch":  {`{"request":{"type":"LaunchRequest"}}`, 400, expects + `its request.type is "LaunchRequest", which names no intent`},
		"no name": {intentRequest(""), 400, expects + "its request.intent.name is empty"},
		"more":    {intentRequest("HostnameIntent") + "x", 400, expects + "invalid character 'x' after top-level value"},
		"large":   {strings.Repeat(" ", maxIntentBody) + intentRequest("HostnameIntent"), 413, "131072"},
	} {
		t.Run(name, func(t *testing.T) {
			res, body := g.do(t, "POST", "/", c.body)
			wantStatus(t, res, body, c.status)
			if !strings.Contains(body, c.answer) {
				t.Errorf("says %q, want %q", body, c.answer)
			}
			if res.Header.Get("X-Call-Id") == "" || res.Header.Get("X-OpenFaaS-Internal") != "gateway" {
				t.Errorf("header %v", res.Header)
			}
		})
	}
	largest := intentRequest("HostnameIntent")
	largest += strings.Repeat(" ", maxIntentBody-len(largest))
	res, body := g.do(t, "POST", "/", largest)
	wantStatus(t, res, body, http.StatusOK)
	if body != "hostname "+largest {
		t.Errorf("%d bytes came back of %d", len(body)-len("hostname "), len(largest))
	}
}

// TestIntentInPieces sends a body whose length is not known before, as a proxy in front may.
func TestIntentInPieces(t *testing.T) {
	g := start(t, newFakeBackend(answering(t, "hostname")), withIntents)
	want := intentRequest("HostnameIntent")
	r, w := io.Pipe()
	go func() {
		for part := range slices.Chunk([]byte(want), 10) {
			_, _ = w.Write(part) // the other side reads it to its end
		}
		_ = w.Close() // never fails
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/", r)
	if err != nil {
		t.Fatal(err)
	}
	res, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || string(body) != "hostname "+want {
		t.Errorf("%d %q, %v", res.StatusCode, body, err)
	}
}

func TestIntentWakesItsFunction(t *testing.T) {
	r := replica(t, echo)
	b := newFakeBackend(status("hostname"))
	b.onScale = func(name string, _ int) { b.set(status(name, r)) }
	g := start(t, b, withIntents)
	res, body := g.do(t, "POST", "/", intentRequest("HostnameIntent"))
	wantStatus(t, res, body, http.StatusOK)
	if res.Header.Get("X-Cold-Start") == "" || body != intentRequest("HostnameIntent") {
		t.Errorf("%q, header %v", body, res.Header)
	}
}

// TestIntentWaitsForTheFunctions checks that one that comes a moment too early is served.
func TestIntentWaitsForTheFunctions(t *testing.T) {
	late := make(chan struct{})
	b := newFakeBackend(answering(t, "hostname"))
	g := start(t, b, func(o *Options) { o.Intents, o.Watcher = true, lateWatcher{b, late} })
	timer := time.AfterFunc(50*time.Millisecond, func() { close(late) })
	defer timer.Stop()
	res, body := g.do(t, "POST", "/", intentRequest("HostnameIntent"))
	wantStatus(t, res, body, http.StatusOK)

	b = newFakeBackend()
	g = start(t, b, func(o *Options) {
		o.Intents, o.Watcher, o.Config = true, lateWatcher{b, make(chan struct{})}, DefaultConfig()
		o.Config.HoldTimeout = 20 * time.Millisecond
	})
	res, body = g.do(t, "POST", "/", intentRequest("HostnameIntent"))
	wantStatus(t, res, body, http.StatusServiceUnavailable)
}

// TestIntentsAreOff checks that a gateway that was not told to look into bodies does not.
func TestIntentsAreOff(t *testing.T) {
	g := start(t, newFakeBackend(answering(t, "hostname")), nil)
	res, body := g.do(t, "POST", "/", intentRequest("HostnameIntent"))
	wantStatus(t, res, body, http.StatusBadRequest)
	if !strings.HasPrefix(body, "POST / invokes the function that the header X-Function names") {
		t.Errorf("says %q", body)
	}
}

// TestIntentOfAClientThatLeft checks that a body that breaks off is nobody's invocation.
func TestIntentOfAClientThatLeft(t *testing.T) {
	g := start(t, newFakeBackend(answering(t, "hostname")), withIntents)
	r, w := io.Pipe()
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/", r)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = io.WriteString(w, `{"request":`) // taken by the client's connection
		leave()
		_ = w.CloseWithError(context.Canceled) // never fails; a client that left waits for its body all the same
	}()
	if res, err := g.client.Do(req); err == nil {
		res.Body.Close()
		t.Error("answered a client that left")
	}
	res, body := g.do(t, "POST", "/", intentRequest("HostnameIntent"))
	wantStatus(t, res, body, http.StatusOK)
	waitFor(t, "one invocation to be counted", func() bool {
		return strings.Contains(g.metricsText(t, "/metrics"), `gateway_function_invocation_total{code="200",function_name="hostname"} 1`)
	})
}

func FuzzIntentOf(f *testing.F) {
	f.Add(intentRequest("HostnameIntent"))
	f.Add(`{"request":{"type":"LaunchRequest"}}`)
	f.Add("AMAZON.StopIntent")
	f.Fuzz(func(t *testing.T, body string) {
		intent, err := intentOf([]byte(body))
		if (err == nil) != (intent != "") {
			t.Errorf("%q: %q, %v", body, intent, err)
		}
		for _, name := range append(intentNames(intent), intentNames(body)...) {
			if name != strings.ToLower(name) {
				t.Errorf("%q has the name %q", intent, name)
			}
		}
	})
}
