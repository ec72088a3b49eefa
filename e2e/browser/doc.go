// Package browser drives the portal in a headless Chromium, as a person would: it finds what pages name with data-testid,
// clicks, types and reads. A page must ask no other host, throw no error, and have no serious fault that axe-core finds.
package browser
