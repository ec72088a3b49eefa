// Command swarm measures faas on Docker Swarm, in two parts.
//
// The loop runs on a real engine: how soon a function's replicas follow its load, and how soon a function at 0
// replicas answers. Beside each figure stands what Swarm itself takes, measured in turns in the same run on a
// service with the same image, network and options that no gateway knows.
//
// The table runs against swarmtest: what 500 functions with 1,000 replicas cost one gateway, which is the program
// itself in a process of its own.
//
// It prints lines
//
//	result: NAME VALUE UNIT
//
// and with --report writes the same, with tables, as a Markdown page.
package main
