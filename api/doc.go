// Package api has the JSON types of the HTTP API, compatible with what OpenFaaS clients send and read.
//
// It is data only: the gateway turns these into the domain's types and back. It imports nothing of ours.
package api
