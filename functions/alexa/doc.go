// Package alexa is what the sample functions for Amazon's Alexa share: the JSON of a request and of its response, and how a
// program answers one on its standard input and output.
//
// Only what the samples need is here. The whole of both formats is described in Amazon's "Request and Response JSON Reference".
package alexa
