// Package prom asks Prometheus, the first of several that answers.
//
// It is for what people are shown of the control flow: the gateway's explanations, and its portal.
package prom
