package queue

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestConfigFromEnv(t *testing.T) {
	env := map[string]string{
		"async_concurrency": "3", "max_async_inflight": "7", "max_retry_attempts": "2", "initial_retry_wait": "5", "max_retry_wait": "1m30s",
		"callback_allow": "*.corp, 10.0.0.0/8", "callback_deny": "evil.com",
	}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	got, err := ConfigFromEnv(lookup)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Concurrency: 3, MaxInFlight: 7, Attempts: 2, FirstWait: 5 * time.Second, MaxWait: 90 * time.Second, MaxResult: 64 << 20,
		CallbackAllow: "*.corp, 10.0.0.0/8", CallbackDeny: "evil.com",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	env = map[string]string{"async_concurrency": ""}
	if got, err := ConfigFromEnv(lookup); err != nil || got != DefaultConfig() {
		t.Errorf("an empty variable: %+v, %v", got, err)
	}
	env = map[string]string{
		"async_concurrency": "0", "max_async_inflight": "x", "max_retry_attempts": "-1", "initial_retry_wait": "0", "max_retry_wait": "soon",
		"callback_allow": "http://a", "callback_deny": "a*b",
	}
	_, err = ConfigFromEnv(lookup)
	for name := range env {
		if err == nil || !strings.Contains(err.Error(), name+"=") {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}
