// Package explain says in sentences why a function has the replicas that it has, why not more and why not fewer.
//
//	backend: counts, what stands in the way ─┐
//	scaler: last order, silences, heartbeat ─┼─▶ Facts ─▶ More, Fewer, Signals
//	Prometheus: loads, need, hold           ─┘
//
// It decides nothing: the rules in Prometheus do that, and what they recorded is what is told. Facts in, sentences out,
// without a clock; only Prometheus, which asks for the readings, waits for anything.
package explain
