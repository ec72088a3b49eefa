// Command stream is a sample function of mode http that answers with server-sent events, one after the other.
package main

import (
	"net/http"
	"os"
	"time"

	"faas/functions/serve"
)

func main() {
	s := serve.Server{Name: "stream", Handler: http.HandlerFunc(stream), Drain: 10 * time.Second, Endless: true}
	os.Exit(s.Main())
}
