// Package monitoring gives Prometheus and Alertmanager of `faas up` their configuration.
//
// It stands in the control flow, between the YAML that also runs on a swarm and two processes on this
// machine: it renders the same files with only the addresses and the credentials changed, and where
// people may edit them, follows their changes and has the servers reload.
package monitoring
