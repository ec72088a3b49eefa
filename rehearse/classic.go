package rehearse

import "time"

// Classic rehearses the ancestor's rules and timers: a step alert that fires at a load, and another step each time that
// it is repeated. Its configuration is prometheus/classic and alertmanager/classic.yml, its Prometheus has default flags.
func Classic(o Options) Options {
	o.Prometheus, o.Alertmanager = "prometheus/classic/prometheus.yml", "alertmanager/classic.yml"
	o.Lookback, o.ResendDelay = 5*time.Minute, time.Minute
	return o
}
