// Command fidelity measures how faithful a rehearsal is: it offers one load to a function of `faas up`, with real Prometheus
// and Alertmanager, and plays the same load through package rehearse, and shows both beside each other.
//
// Requests come in equal distances in both, so that chance of arrivals makes no difference. What is left of chance is
// at which moments of their intervals things are scraped and evaluated; the rehearsal is played with several seeds of it, and the
// one shown in full is the median by replica-seconds. What a replica needs to start is measured first, and told to the rehearsal.
//
// It prints tables and lines
//
//	result: NAME VALUE UNIT
package main
