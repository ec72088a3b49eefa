package queue

import (
	"strings"
	"testing"
)

func TestWhere(t *testing.T) {
	for list, want := range map[string]string{ //nolint:gosec // no passwords of anything
		"nats://queue:4222":                           "nats://queue:4222",
		"nats://user:secret@a:4222,nats://u:secret@b": "nats://a:4222,nats://b",
		"user:secret@queue:4222":                      "nats://queue:4222",
		"secret@queue:4222, tls://b:1":                "nats://queue:4222,tls://b:1",
		"nats://user:secret%zz@queue":                 "invalid",
		"nats://user:se/cret@queue:4222":              "invalid",
		"secret://queue":                              "invalid",
		"nats://user:secret@":                         "invalid",
	} {
		if got := Where(list); got != want {
			t.Errorf("Where(%q) = %q, want %q", list, got, want)
		}
		_, err := New(Options{URL: list, Gateway: "http://a:1"})
		if bad := strings.Contains(want, "invalid"); bad != (err != nil) || err != nil && strings.Contains(err.Error(), "cret") {
			t.Errorf("New with %q: %v", list, err)
		}
	}
}
