package function

import (
	"strconv"
	"time"
)

// defaultTimeout is the watchdog's own where the environment says nothing.
const defaultTimeout = 30 * time.Second

// DrainTime is the longest time that requests may still need after a replica with this environment is told to
// end, as its watchdog bounds it: the larger of write_timeout and exec_timeout, where 0 turns the latter off.
// Errors are ErrInvalid and name the variable.
func DrainTime(env map[string]string) (time.Duration, error) {
	longest := time.Duration(0)
	for _, name := range []string{"write_timeout", "exec_timeout"} {
		d, err := parseTimeout(env[name])
		if err != nil || d < 0 {
			return 0, Invalidf("environment %s=%q: use a duration such as 30s, or seconds", name, env[name])
		}
		longest = max(longest, d)
	}
	return longest, nil
}

func parseTimeout(value string) (time.Duration, error) {
	if value == "" {
		return defaultTimeout, nil
	}
	if n, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	return time.ParseDuration(value)
}
