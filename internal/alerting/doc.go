// Package alerting talks to Alertmanager's API, version 2.
//
// It is on the control flow, in its unusual direction. Alertmanager calls the gateway with orders; the gateway calls
// back to push an alert that cannot wait for a rule (Client.Push), and to see or make the silences that freeze a
// function (Client.Silences, Client.Silence, Client.Expire).
//
// The bodies are small structs of our own, which Alertmanager 0.25 to 0.34 understands: the client that Alertmanager
// generates for this API brings a hundred packages of OpenAPI's with it, and registers its formats globally. Only
// matchers are Alertmanager's own, since they must match as it does.
package alerting
