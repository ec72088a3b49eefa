// Command work is a sample function of mode http, a server that burns processor time, waits, answers at
// length and fails as the query tells it.
package main

import (
	"net/http"
	"os"
	"time"

	"faas/functions/serve"
)

func main() {
	s := serve.Server{Name: "work", Handler: http.HandlerFunc(work), Drain: 30 * time.Second}
	os.Exit(s.Main())
}
