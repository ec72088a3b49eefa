// Package contract holds a running faas to what stock OpenFaaS clients rely on, on whichever backend.
//
// Everything goes through e2e/stock, which sends what those clients send. e2e runs it on `faas up`, e2e/swarm on the
// deployed stack.
package contract
