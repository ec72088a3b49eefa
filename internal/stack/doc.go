// Package stack reads stack files in the form of OpenFaaS's, for the backend of local processes, which runs what they
// say, and for the commands that build and deploy it. One file serves both.
//
// It is on neither of the two flows: it makes the functions that the flows are about.
package stack
