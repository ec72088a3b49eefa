// Package alerting talks to Alertmanager.
package alerting

import (
	_ "github.com/prometheus/alertmanager/pkg/labels"
	_ "github.com/prometheus/client_golang/api/prometheus/v1"
)
