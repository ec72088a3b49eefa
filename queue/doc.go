// Package queue keeps invocations that are made later, on NATS JetStream.
//
// It is on the request flow, beside it: what POST /async-function/NAME brought is stored, and made afterwards as an
// ordinary request to the gateway's own port, so that routing, waking, limits and metrics are those of everybody.
//
//	gateway ─Enqueue─▶ stream of calls ─▶ lane (one a function) ─HTTP─▶ gateway ─▶ function
//	                        ▲   │                │
//	                   retry, later              ├─▶ callback, if the call has one
//	                            ▼                ▼
//	                     stream of dead letters  acknowledged: the call is gone
//
// A call is made at least once, and once where nothing fails: it is acknowledged after the function and the callback
// answered, whoever works on it says so every few seconds, and what a dead gateway had begun another one takes up.
//
// The server runs in this process on a directory, without a port, or elsewhere and is shared by several gateways
// (Server is what `faas queue` runs). How many calls of each function there are is known to all who share it.
package queue
