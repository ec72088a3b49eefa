// Package usage measures what a watchdog and the processes of its function
// used, those that ended too: processor time and memory, as metrics. A replica
// tells it about itself, so that the gateway needs no access to its machine.
//
// In a container that has a control group for itself (cgroup v2) the kernel
// has counted everything. Elsewhere the tree of processes is summed up from
// /proc. That is as exact for all whose parent, or process 1 when that is a
// watchdog too, waited for their end; what a process used after it lost its
// parent to another init is not seen.
//
// Other systems than Linux have neither, and no such metrics.
package usage
