// Command ws is a sample function of mode http that takes WebSockets and sends every message back.
//
// Given an address, it is a client of one: it sends each line of its standard input and prints what comes back.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"faas/functions/serve"
)

func main() {
	switch len(os.Args) {
	case 1:
		e := &echo{pingEvery: 20 * time.Second}
		code := serve.Server{Name: "ws", Handler: e, Drain: 10 * time.Second, Endless: true}.Main()
		e.open.Wait() // the server knows nothing of connections that are WebSockets
		os.Exit(code)
	case 2:
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		err := talk(ctx, os.Args[1], os.Stdin, os.Stdout)
		stop()
		if err != nil {
			fmt.Fprintln(os.Stderr, "ws:", err)
			os.Exit(1)
		}
	default:
		fmt.Fprintln(os.Stderr, "ws: want nothing, to serve, or one address such as ws://127.0.0.1:8080/function/ws")
		os.Exit(2)
	}
}
