// Package activator stands between a request and a function that cannot take it yet.
//
// A Gate lets requests through while a replica has room. When there is none it wakes a function that
// sleeps at 0 replicas, once however many ask, and holds the requests, first come first served, bounded
// in number and time. It works with Prometheus and Alertmanager away.
package activator
