package api

import "time"

// LogMessage is one line of GET /system/logs: what one replica wrote.
type LogMessage struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	// Instance is the ID of the replica.
	Instance  string    `json:"instance"`
	Timestamp time.Time `json:"timestamp"`
	// Text has no end of line.
	Text string `json:"text"`
}
