// Package proxy sends a request to one replica of a function and brings the answer back.
//
// In the request flow it comes after the activator: a Balancer holds the ready replicas of one function
// and lends them out, a Forwarder streams the exchange both ways, and where a replica does not answer,
// tries another as long as that cannot run the request twice.
package proxy
