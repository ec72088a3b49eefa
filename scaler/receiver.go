package scaler

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"faas/function"
	"faas/internal/httperr"
	"faas/internal/relayed"
)

// maxBody bounds a webhook's body; 500 alerts take about 200 KiB.
const maxBody = 4 << 20

// Alerts serves Alertmanager's webhook: POST with a body of version 4.
//
// It answers 202 as soon as each alert is handed to its function's owner, before anything is scaled, since a
// slow webhook holds up its whole group. What is wrong with a single alert (no function_name, a
// replicas label that is no number, an unknown function) is recorded in the decision log and logged, and is no
// reason for another answer: Alertmanager would repeat the whole payload or drop it. A body that cannot be read, or of
// another version, is answered with 400, one above 4 MiB with 413, and any while Run is not running with 503.
func (s *Scaler) Alerts() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			refuseMethod(w, http.MethodPost)
			return
		}
		if !s.running() {
			httperr.Write(w, errNotRunning())
			return
		}
		p, err := readPayload(http.MaxBytesReader(w, r.Body, maxBody))
		if err == nil {
			err = s.receive(time.Now(), p, relayed.Is(r))
		}
		if err != nil {
			s.log.Warn("alert webhook refused", "err", err)
			httperr.Write(w, err)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
}

// readPayload reads a webhook's body.
func readPayload(body io.Reader) (payload, error) {
	var p payload
	data, err := io.ReadAll(body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return p, fmt.Errorf("alert body has more than %d bytes: %w", tooLarge.Limit, err)
	case err != nil:
		return p, function.Invalidf("read alert body: %w", err)
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return p, function.Invalidf("alert body is not JSON of Alertmanager's webhook: %w", err)
	}
	if p.Version != "4" {
		return p, function.Invalidf("alert body has version %q: send version \"4\" of Alertmanager's webhook", shorten(p.Version))
	}
	return p, nil
}

// receive hands each alert to where it belongs. What a payload has for one function goes to its owner at once, so
// that it is decided on together and asks the backend once. Steps that were passed on by another gateway are its own
// to take: an absolute order may come any number of times, but each step counts.
func (s *Scaler) receive(now time.Time, p payload, passedOn bool) error {
	orders := map[string][]order{}
	for _, pa := range p.Alerts {
		if pa.Labels[alertNameLabel] == heartbeatAlert {
			s.heartbeatArrived(now, pa.Status == statusFiring)
			continue
		}
		a, err := parseAlert(now, pa)
		o := order{kind: a.kind(), alert: a, received: now}
		if err != nil {
			s.record(o.event(now, Decision{Wanted: a.Replicas, Code: CodeInvalid, Reason: err.Error()}), false)
			continue
		}
		if a.Step && passedOn {
			d := Decision{Code: CodeRelayed, Reason: "the gateway that Alertmanager called takes the step"}
			s.record(o.event(now, d), false)
			continue
		}
		orders[a.Function] = append(orders[a.Function], o)
	}
	for name, batch := range orders {
		NewestFirst(batch, func(o order) Alert { return o.alert })
		if err := s.post(name, batch...); err != nil {
			return err
		}
	}
	return nil
}
