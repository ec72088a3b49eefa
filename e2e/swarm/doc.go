// Package swarm tests the stack on a real Docker Engine in swarm mode, through its published port.
//
// FAAS_TEST_ENGINE names the engine, as DOCKER_HOST does. The stack is deployed once, for all tests, and removed
// after them without a trace. Tests that end a part of the stack run one by one, before those that share it.
package swarm
