// Package local is the backend of local processes, for a machine that has no Docker: each replica is one
// fwatchdog process on a loopback port of its own.
//
// On the request flow it is the end: the addresses in its snapshots are where the proxy sends requests.
// On the control flow it is what the scaler orders: Scale sets a function's desired count, and one
// supervising goroutine starts and drains replicas until there are as many.
//
//	Deploy, Scale … ──op──▶ supervisor (owns every function and slot) ──▶ board ──▶ Watch
//	                          ▲   │ starts, stops
//	                    event │   ▼
//	                        replica (one goroutine each) ──▶ spawner ──▶ fwatchdog ──▶ the function's process
//
// Functions come from a stack file, which is watched while the backend runs, and from the API. What the
// API deployed, and every desired count, is kept in the data directory and survives a restart.
//
// Nothing outlives the backend: replicas are drained when Run ends, the kernel signals them when the
// process is killed (see spawner), and what a dead replica left behind is found and killed (see sweep).
//
// # HTTP mode
//
// A function of mode http has a server of its own beside its watchdog, and an image's server always
// listens on the one port that upstream_url names. Here several replicas share a machine, so each gets a
// free port: upstream_url is rewritten to name it, and PORT is set to it for the server to read. Only an
// upstream_url of this machine (localhost or a loopback address) with a port is rewritten.
//
// # What it cannot do
//
// Limits of processor time, requests, placement constraints and a read-only root need a container; they
// are accepted, and said once for each function by Options.Notice. Secrets are refused. Memory limits are
// enforced on Linux by measuring, twice a second: see memoryUse for what counts. A process that leaves its session, drops its
// environment and is orphaned cannot be told from the supervising program's own children, and is left alone.
package local
