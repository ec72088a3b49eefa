// Package peers is what a gateway does with the others of its kind, and with whoever else it knows by a DNS name.
//
// It is on the control flow. Alertmanager's webhook reaches one of several gateways; Relay passes the body on to the
// others, so that each has the same orders, the same decision log and the same sign of life. Guard lets only those
// in whom names resolve to, for the port of the metrics. Names keeps what DNS says for a moment.
package peers
