// Package site serves the files of the portal: the page that every address of it shows, and the hashed files which that
// page names.
//
// It stands outside both flows. Everything is read, hashed and compressed once, so that a request copies bytes.
package site
