//go:build race

package watchdog

// raceFlags build fwatchdog as this test is built: its data races end up on
// standard error, where the tests look for them.
func raceFlags() []string { return []string{"-race"} }
