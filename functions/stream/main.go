// Command stream is a sample function of mode http that answers with server-sent events, one after the other.
package main

import (
	"net/http"
	"os"

	"faas/functions/serve"
)

func main() {
	os.Exit(serve.Main("stream", http.HandlerFunc(stream)))
}
