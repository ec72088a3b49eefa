package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// replicasSubnet is where swarmtest's tasks get their addresses: Linux takes every address of 127.0.0.0/8 for its
// own, so that one server stands for all replicas and the gateway dials them as it would dial real ones.
const replicasSubnet = "127.64.0.0/16"

// replicas is the watchdog of all of them. It answers every request with the address that the request went to.
type replicas struct {
	port int
	http *http.Server
}

func startReplicas(ctx context.Context) (*replicas, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", ":0")
	if err != nil {
		return nil, err
	}
	r := &replicas{
		port: l.Addr().(*net.TCPAddr).Port,
		http: &http.Server{Handler: http.HandlerFunc(tellAddress), ReadHeaderTimeout: 10 * time.Second},
	}
	go func() { _ = r.http.Serve(l) }() // it says that it was closed
	return r, nil
}

func (r *replicas) close() error { return r.http.Close() }

func tellAddress(w http.ResponseWriter, r *http.Request) {
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		_, _ = io.WriteString(w, addr.IP.String()) //nolint:gosec // an address is no script
	}
}
