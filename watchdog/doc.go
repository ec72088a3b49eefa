// Package watchdog turns a UNIX process into an HTTP server: it is the last
// hop of the request flow, inside every replica.
//
//	client → gateway → activator → proxy → watchdog → process
//
// Four modes answer a request:
//
//	streaming    a process per request, its pipes joined to the connection
//	serializing  a process per request, body and output held whole
//	http         one long-lived server, supervised and proxied to
//	static       files of a directory
//
// The environment variables, log lines and paths are those of both OpenFaaS
// watchdogs, so that their images run unchanged; [Usage] lists them, and
// [ConfigFromEnv] tells the two apart. What differs is how failures end. A
// process that fails or is out of time before anything of its answer was sent
// gives 500 or 504, and after that the connection is broken, so that a cut
// answer never looks like a whole one. A client that leaves takes the whole
// process group with it. And nothing is ignored: a value that is not understood
// ends the start, and so does what would limit access and is not done here.
//
// Health and readiness are asked at /_/health and /_/ready. Both are 503 once
// the lock file is gone, by which a function asks for its replacement.
//
// The package is copied into every image and imports nothing else of ours.
package watchdog
