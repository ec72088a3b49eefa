package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

func TestDrainLetsRequestsEnd(t *testing.T) {
	arrived, finish := make(chan struct{}), make(chan struct{})
	b := newFakeBackend(status("slow", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-finish
		_, _ = io.WriteString(w, "done")
	})))
	g := start(t, b, nil)
	answer := make(chan string, 1)
	go func() {
		_, body := g.do(t, "GET", "/function/slow", "")
		answer <- body
	}()
	<-arrived
	stopped := make(chan error, 1)
	go func() { stopped <- g.stop() }()
	<-g.draining.Done()
	close(finish)
	if got := <-answer; got != "done" {
		t.Errorf("answer %q, want done", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// A stream of events has no end of its own, so it must not keep the gateway from stopping.
func TestDrainEndsEventStreams(t *testing.T) {
	following := make(chan struct{})
	g := start(t, newFakeBackend(), func(o *Options) {
		o.ScaleEvents = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(following)
			<-r.Context().Done()
		})
	})
	var client sync.WaitGroup
	client.Go(func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+"/system/scale/events?follow=1", nil)
		if err != nil {
			t.Error(err)
			return
		}
		if res, err := g.client.Do(req); err == nil {
			res.Body.Close()
		}
	})
	defer client.Wait()
	<-following
	if err := g.stop(); err != nil {
		t.Error(err)
	}
}

func TestDrainIsBounded(t *testing.T) {
	arrived, finish := make(chan struct{}), make(chan struct{})
	b := newFakeBackend(status("hangs", replica(t, func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-finish
	})))
	g := start(t, b, func(o *Options) {
		o.Config = DefaultConfig()
		o.Config.DrainTimeout = 50 * time.Millisecond
	})
	defer close(finish)
	go func() {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+"/function/hangs", nil)
		if res, err := g.client.Do(req); err == nil {
			res.Body.Close()
		}
	}()
	<-arrived
	if err := g.stop(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stopped with %v, want that the drain ran out of time", err)
	}
	g.stop = func() error { return nil }
}
