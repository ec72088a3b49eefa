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
// # Secrets
//
// There is no mount namespace here, so /var/openfaas/secrets and /run/secrets do not exist. A function finds the secrets
// that it names, and no others, in a directory that its environment variable secret_mount_path names with a slash at
// the end, which functions written for OpenFaaS know; a function that names secrets must not set that variable
// itself. Each replica has a directory of its own, with copies of the values as they were when it started; they go when
// nothing of it is left. Values are kept in files of mode 0400 in the data directory, apart from the gateway's own, and
// stand in no log, message, argument or environment. The API refuses a function whose secret does not exist; one of the
// stack file waits for it, says so, and starts when it is created.
//
// All functions run as the user who runs the backend: one that looks for another's secrets on the disk finds them.
//
// # Logs
//
// What the replicas of a slot write goes to logs/NAME/SLOT.log in the data directory, a line each with its time and
// replica (see logRecord), and from there to Logs. A file of 10 MiB is renamed to .1, so that of each slot the last 10
// to 20 MiB are kept.
//
// # What it cannot do
//
// Limits of processor time, requests, placement constraints and a read-only root need a container; they
// are accepted, and said once for each function by Options.Notice. Memory limits are enforced on Linux by
// measuring, twice a second: see memoryUse for what counts. A process that leaves its session, drops its
// environment and is orphaned cannot be told from the supervising program's own children, and is left alone.
package local
