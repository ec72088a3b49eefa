// Package main measures what the data path costs: the gateway beside nginx and httputil.ReverseProxy in front of the same
// server, the watchdog in each mode beside that server and beside bare process starts. wrk makes the load, all take turns in
// one run, and processor time is read from /proc, so that a noisy machine disturbs all alike.
//
// wrk and nginx are Debian's. The server behind is a Go program that sends back what it gets; it, the tuned ReverseProxy and
// the gateway, which has a fixed table of functions instead of a backend, are this program started again.
package main
