// Package docs keeps the documents true by tests: the reference in docs/reference is made from the code, links lead
// somewhere, and what a document calls by name is declared in the file that it links to.
//
// It stands beside both flows and in neither. `make reference` writes what the tests compare.
package docs
