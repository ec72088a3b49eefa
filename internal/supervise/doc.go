// Package supervise runs the parts of `faas up`: child programs such as Prometheus and Alertmanager,
// and the components that live in the same process.
//
// It stands beside both flows and knows nothing of functions. It finds programs, opens ports with errors
// that say who holds them, keeps a data directory for one owner, starts programs so that none outlives
// its parent, restarts those that die, and stops everything in an order given by name.
package supervise
