// Package docs types what the documents of the project show to be typed, on a system of its own each, and holds what is
// printed against them.
package docs
