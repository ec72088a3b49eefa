package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"faas/function"
	"faas/internal/httperr"
)

// maxIntentBody bounds what is read of a body to find its intent. Those that Alexa sends have a few thousand bytes.
const maxIntentBody = 128 << 10

// invokeByIntent serves POST / without X-Function: the function is the one that the intent of an Alexa request names. The body is
// read once, and passed on as it came.
func (g *Gateway) invokeByIntent(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	name, err := g.intended(w, r)
	if err != nil {
		if r.Context().Err() != nil {
			panic(http.ErrAbortHandler) // nobody is there to read an answer
		}
		newStamp(r, start).put(w.Header())
		httperr.Write(w, err)
		return
	}
	g.invoke(w, r, name, "/")
}

// intended reads the body, and returns the name of the function that it is for.
func (g *Gateway) intended(w http.ResponseWriter, r *http.Request) (string, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxIntentBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return "", fmt.Errorf("a body with an intent has at most %d bytes, name the function in %s: %w", maxIntentBody, functionHeader, err)
	}
	if err != nil {
		return "", function.Invalidf("read the body: %w", err)
	}
	intent, err := intentOf(body)
	if err != nil {
		return "", err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return g.findIntent(r.Context(), intent)
}

// intentOf returns the name of the intent of an Alexa IntentRequest.
func intentOf(body []byte) (string, error) {
	var q struct {
		Request struct {
			Type   string `json:"type"`
			Intent struct {
				Name string `json:"name"`
			} `json:"intent"`
		} `json:"request"`
	}
	why := "its request.intent.name is empty"
	switch err := json.Unmarshal(body, &q); {
	case len(body) == 0:
		why = "it is empty"
	case err != nil:
		why = err.Error()
	case q.Request.Type == "":
		why = "it has no request.type"
	case q.Request.Type != "IntentRequest":
		why = fmt.Sprintf("its request.type is %.80q, which names no intent", q.Request.Type)
	case q.Request.Intent.Name != "":
		return q.Request.Intent.Name, nil
	}
	return "", function.Invalidf("POST / invokes the function that the intent of an Alexa IntentRequest names, JSON with request.type and "+
		"request.intent.name, or the one that the header %s names; this body is no such request: %s", functionHeader, why)
}

// intentNames are the names that a function may have which answers an intent: HostnameIntent goes to hostnameintent or hostname. Alexa's
// own intents are named as if they were the skill's: AMAZON.StopIntent goes to stopintent or stop.
func intentNames(intent string) []string {
	name := strings.TrimPrefix(function.TrimNamespace(strings.ToLower(intent)), "amazon.")
	if short := strings.TrimSuffix(name, "intent"); short != name && short != "" {
		return []string{name, short}
	}
	return []string{name}
}

// findIntent returns the first of the names of an intent that a function answers to.
func (g *Gateway) findIntent(ctx context.Context, intent string) (string, error) {
	names := intentNames(intent)
	var missing []string
	for _, name := range names {
		_, err := g.routes.find(name)
		if errors.Is(err, function.ErrUnavailable) {
			_, err = g.routes.await(ctx, min(g.opts.Config.HoldTimeout, maxFirstWait), name)
		}
		if err == nil {
			return name, nil
		}
		if !errors.Is(err, function.ErrNotFound) {
			return "", err
		}
		missing = append(missing, err.Error())
	}
	return "", function.NotFoundf("no function answers the intent %.80q: %s", intent, strings.Join(missing, "; "))
}
