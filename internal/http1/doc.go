// Package http1 carries ordinary HTTP/1.1 exchanges from a client's connection to a server's and back, at the cost that
// reading and writing has. It is the short way of the request flow: the gateway sends invocations along it, the watchdog
// requests to the server of its http mode.
//
// A Server reads the head of a request where it came to lie, without making a map of it, and asks its Handler. The handler
// answers or has the request forwarded: over a connection from a Pool, in the client's own goroutine, the header lines
// copied from one buffer to the other with a few left out and a few added.
//
// What is not ordinary takes the long way. A connection on which a request comes that this package does not take (an
// upgrade, Expect, a chunked body, HTTP/1.0, a line that could be read in two ways) or that the handler does not want goes to
// net/http's server with every byte that was read of that request and later ones, and stays there. So nothing is
// refused here: what is malformed is refused by net/http as ever, and two parsers that read a request differently are
// two parsers of which one never sees it. Answers are not given such a choice; all of RFC 9112 is read, and what breaks it is
// an error.
package http1
