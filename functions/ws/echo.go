package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// maxMessage bounds a message, in bytes. A larger one ends the connection with status 1009.
const maxMessage = 64 << 10

// pongTimeout is how long a client may take to answer a ping.
const pongTimeout = 10 * time.Second

// echo sends every message back.
type echo struct {
	pingEvery time.Duration  // so that a client that is gone without a word is noticed
	open      sync.WaitGroup // connections
}

// ServeHTTP implements http.Handler. The context of the request ends when the function stops.
func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.open.Add(1)
	defer e.open.Done()
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // it has answered
	}
	defer func() { _ = conn.CloseNow() }() // unless it is closed already
	conn.SetReadLimit(maxMessage)
	// Reading with a context that ends would cut the connection in place of closing it.
	stopping, ctx := r.Context(), context.WithoutCancel(r.Context())
	stop := context.AfterFunc(stopping, func() {
		_ = conn.Close(websocket.StatusGoingAway, "the function stops") // it waits for the client's, for five seconds
	})
	defer stop()
	done := make(chan struct{})
	var pinger sync.WaitGroup
	defer pinger.Wait()
	defer close(done)
	pinger.Go(func() { e.ping(ctx, conn, done) })
	for {
		kind, message, err := conn.Read(ctx)
		if err != nil {
			return // closed, by either side, or too large, which the client has been told
		}
		if err := conn.Write(ctx, kind, message); err != nil {
			return // as above
		}
	}
}

// ping asks the client for a sign of life, again and again. The answers are read by ServeHTTP.
func (e *echo) ping(ctx context.Context, conn *websocket.Conn, done <-chan struct{}) {
	ticker := time.NewTicker(e.pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		pong, cancel := context.WithTimeout(ctx, pongTimeout)
		err := conn.Ping(pong)
		cancel()
		if err != nil {
			_ = conn.CloseNow() // ServeHTTP learns of it by its read
			return
		}
	}
}
