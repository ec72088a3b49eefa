// Package gateway is the HTTP server in front of all functions.
//
// It is where the two flows begin. Request:
//
//	Gateway.invoke          finds the function's route in the table, and measures
//	  proxy.Forwarder       streams both ways; for each attempt it asks the route for a replica
//	    route.acquire       lends one: activator.Gate holds the request until proxy.Balancer has one with room
//
// Control: the metrics that it
// records per function are what Prometheus's rules decide upon, and POST /system/alert, where
// Alertmanager brings the decision, is one of its routes (the handler is the scaler's).
//
// Requests that are held because every replica is full are told to Alertmanager at once (overload.Watcher), and an order to
// stop a function is held against what is under way here (Gateway.Busy).
//
// The routing table is fed by the backend's watch, so that a warm request calls no backend.
//
// Where there are several gateways, peers.Relay passes an alert that one of them got on to the others. The metrics port
// also hands on the metrics of replicas, and may be kept for those that DNS names resolve to (peers.Guard).
package gateway
