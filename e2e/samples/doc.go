// Package samples holds the sample functions in functions/ to what their READMEs show: it types each one's commands, on
// whatever runs the functions.
//
// Some ask others, in the world outside: Docker Hub, a web page, a broker of MQTT. [Outside] stands in their place.
//
// It stands beside both flows. e2e runs it on `faas up`, e2e/swarm on the stack.
package samples
