// Command scaling measures how fast replicas follow load, on a whole system with real Prometheus and
// Alertmanager: `hey -z 30s -c 10 -q 5` (50 requests a second) on a function whose target is 5 per
// replica, several times with the shipped timers and several times with those of the ancestor's stack,
// and how long a function at 0 replicas takes to answer. It prints a table, lines
//
//	result: NAME VALUE UNIT
//
// with the medians, and with --report writes the same as a Markdown page.
package main
