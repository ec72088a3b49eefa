// Package faas carries the files that are no Go: the description of the API, and the configuration of the control loop,
// which is the scrape configuration and scaling rules of Prometheus and the routes of Alertmanager. They are policy,
// written in YAML and PromQL, and stay files, so that stock binaries run them and promtool and amtool check them.
// `faas up` writes the copies embedded here to a directory and changes only the addresses in them.
package faas

import "embed"

// ControlLoop holds the files that a control loop is started with, by their paths in the repository:
//
//	prometheus/prometheus.yml        scrapes gateway:8082, alerts alertmanager:9093
//	prometheus/rules/*.yml           the scaling rules, found from prometheus.yml by relative path
//	alertmanager/alertmanager.yml    delivers to http://gateway:8080, password in /run/secrets/basic-auth-password
//
// Beside them stand prometheus/classic and alertmanager/classic.yml, the timers and the step alert of the ancestor,
// which benchmarks compare with.
//
//go:embed prometheus/prometheus.yml prometheus/rules/*.yml prometheus/classic/*.yml prometheus/classic/rules/*.yml
//go:embed alertmanager/*.yml
var ControlLoop embed.FS

// OpenAPI is the description of the gateway's API, which it serves itself.
//
//go:embed docs/openapi.yaml
var OpenAPI []byte
