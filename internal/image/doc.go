// Package image makes the images of functions: from a static program and the watchdog, with no Docker Engine, or from a
// folder's Dockerfile with one. What it makes without an engine depends on nothing but what goes in: not on the clock,
// the machine's users, or where a folder lies.
//
// It is on neither of the two flows: it makes what they run.
package image
