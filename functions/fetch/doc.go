// Package fetch is how the sample functions read from other people's servers: one GET, bounded in time and in size, whose errors
// are for the caller to read.
//
// The images of the samples are made of nothing but their programs, so the certificates of the authorities that sign those of
// HTTPS servers are in the programs (golang.org/x/crypto/x509roots/fallback, Mozilla's list). A machine or an image that has its own is
// asked instead. They are renewed by building the program with a newer version of that module.
package fetch
