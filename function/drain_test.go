package function

import (
	"errors"
	"testing"
	"time"
)

func TestDrainTime(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want time.Duration
		bad  bool
	}{
		{name: "nothing said", want: 30 * time.Second},
		{name: "both shorter", env: map[string]string{"write_timeout": "2s", "exec_timeout": "5"}, want: 5 * time.Second},
		{name: "one longer", env: map[string]string{"write_timeout": "90s"}, want: 90 * time.Second},
		{name: "exec off", env: map[string]string{"write_timeout": "1m", "exec_timeout": "0"}, want: time.Minute},
		{name: "no time", env: map[string]string{"exec_timeout": "soon"}, bad: true},
		{name: "negative", env: map[string]string{"write_timeout": "-1s"}, bad: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DrainTime(tt.env)
			if tt.bad != errors.Is(err, ErrInvalid) || got != tt.want {
				t.Errorf("DrainTime = %v, %v; want %v, error %v", got, err, tt.want, tt.bad)
			}
		})
	}
}
