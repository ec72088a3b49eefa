// Package swarm is the backend that runs functions as services of a Docker Swarm.
//
// On the request flow it says where replicas answer: their addresses come from Swarm's task list, not from a
// virtual address or from DNS, so that the gateway can weigh them and leaves a stopping one at once. On the control
// flow it sets replica counts and nothing else of a service.
//
//	Deploy, Update, Scale, Remove ──▶ Docker ──events──▶ reader ──services, tasks──▶ state ──▶ board ──▶ Watch
//	                                                                  ▲
//	                                                    probes: does a running task answer?
//
// One goroutine owns the state; readers and probes do the waiting. What is read (Function, Functions, Watch) comes
// from the board, so that no request and no list waits for Docker, and all of it works on while Docker is
// away. Service events say what changed; since tasks have none, the tasks of a service are listed often until it
// is as wanted, and all of them seldom after that.
//
// Logs are read from Docker when somebody asks for them, each task's by itself, and merged.
//
// github.com/docker/docker/client stays behind the interfaces in engine.go.
package swarm
