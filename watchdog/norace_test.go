//go:build !race

package watchdog

func raceFlags() []string { return nil }
