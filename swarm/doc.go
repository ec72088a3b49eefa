// Package swarm is the backend that runs functions as services of a Docker Swarm.
package swarm

import _ "github.com/docker/docker/client"
