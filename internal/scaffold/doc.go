// Package scaffold makes the folder of a new function: handler, test, Dockerfile and stack file, in one of the languages
// below templates/.
//
// It is on neither of the two flows: it makes what they run.
package scaffold
