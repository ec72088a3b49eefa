// Package contract holds a running faas to what stock OpenFaaS clients rely on, on whichever backend.
//
// Everything goes through e2e/stock, which sends what those clients send. The tests here run it on `faas up`; those of
// e2e/swarm run it on the deployed stack.
package contract
