// Package web carries the portal, the pages in a browser that show what runs and let people act on it: what Vite builds from
// src/ into dist/. The gateway serves them under /ui/.
//
// It stands outside both flows, and is files only.
package web
