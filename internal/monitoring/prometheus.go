package monitoring

// PrometheusFlags are those that the rules want, and that no file can set. The head of prometheus.yml says why.
func PrometheusFlags() []string {
	return []string{"--rules.alert.resend-delay=900ms", "--query.lookback-delta=12s", "--storage.tsdb.retention.time=6h"}
}

// PrometheusEnv has Prometheus collect its garbage less often than its own default of GOGC=75: with 1,000 functions that is some
// 10 % of its processor time, for half as much memory again (docs/scale.md).
func PrometheusEnv() []string { return []string{"GOGC=200"} }
