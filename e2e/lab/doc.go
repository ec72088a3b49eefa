// Package lab tests the stack on a Docker Swarm of three nodes: lost, drained and cut off, and with three managers.
//
// The nodes are engines in network namespaces of one machine, see swarm-lab.sh.
package lab
