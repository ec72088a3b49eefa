// Package swarmtest is a Docker Swarm in small for tests: an Engine API on a unix socket that Docker's own client
// talks to, with services, tasks that start, crash and are replaced as Swarm's are, and faults to order.
//
// It stands on the control flow in Docker's place, and on the request flow in the place of the containers: Engine.Dial
// reaches an HTTP server in this process for each running task.
//
// What it answers was compared with an engine 20.10 (API 1.41). It differs from one in that a registry is a map,
// an image is a name with a Behaviour, and nothing takes longer than its Timing says.
package swarmtest
