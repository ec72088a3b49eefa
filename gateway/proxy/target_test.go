package proxy

import (
	"testing"
	"time"
)

func TestQuarantineGrows(t *testing.T) {
	var target Target
	now := time.Unix(1000, 0)
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 16, 16} {
		target.Quarantine(now)
		target.Quarantine(now) // another request that was lent it meanwhile
		end := now.Add(want * time.Second)
		if !target.quarantined(end.Add(-time.Nanosecond).UnixNano()) || target.quarantined(end.UnixNano()) {
			t.Errorf("quarantine is not %d s long", want)
		}
		now = end
	}
	target.Answered()
	target.Quarantine(now)
	if target.quarantined(now.Add(quarantine).UnixNano()) {
		t.Error("a quarantine after a good answer is longer than the first")
	}
}
