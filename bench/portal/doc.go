// Command portal measures what a page of the portal costs a browser: how soon it shows something, for how long its thread is
// held at most, and whether its memory grows, with many functions on a running system and some of them under load.
//
// It starts `faas up` and a headless Chromium of its own.
package main
