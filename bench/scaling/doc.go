// Command scaling measures how fast and how calmly replicas follow load, in four parts.
//
//   - steps: a tenfold step of the load, and more requests than a replica has slots, on a whole system with real Prometheus and
//     Alertmanager, on this machine's processes.
//   - swarm: the same on Docker Swarm.
//   - rehearsed: a trace and a thousand steady loads through the shipped rules in virtual time, the trace also through the policies
//     of Kubernetes' HPA and of Knative.
//   - loads: `hey -z 30s -c 10 -q 5` several times with the shipped timers and several times with those of the ancestor's stack,
//     and how long a function at 0 replicas takes to answer.
//
// It prints tables and lines
//
//	result: NAME VALUE UNIT
//
// with the medians, and with --report writes the same as a Markdown page.
package main
