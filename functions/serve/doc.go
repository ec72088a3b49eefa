// Package serve runs the server of a sample function of mode http: where the platform wants it to listen, until it is told to stop.
package serve
