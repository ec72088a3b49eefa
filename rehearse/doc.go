// Package rehearse replays a load through the scaling rules in virtual time.
package rehearse
