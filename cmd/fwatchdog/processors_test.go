package main

import (
	"os"
	"runtime"
	"testing"

	"faas/watchdog"
)

func TestUseProcessors(t *testing.T) {
	if value, said := os.LookupEnv("GOMAXPROCS"); said {
		t.Setenv("GOMAXPROCS", value) // put back at the end
		if err := os.Unsetenv("GOMAXPROCS"); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name       string
		config     watchdog.Config
		said       string
		have, want int
	}{
		{"streaming", watchdog.Config{Mode: watchdog.ModeStreaming}, "", 4, 2},
		{"an odd number", watchdog.Config{Mode: watchdog.ModeStreaming}, "", 3, 2},
		{"serializing, the last one", watchdog.Config{Mode: watchdog.ModeSerializing}, "", 1, 1},
		{"a pool", watchdog.Config{Mode: watchdog.ModeStreaming, PoolSize: 4}, "", 4, 4},
		{"a server", watchdog.Config{Mode: watchdog.ModeHTTP}, "", 4, 4},
		{"as the user said", watchdog.Config{Mode: watchdog.ModeStreaming}, "4", 4, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.said != "" {
				t.Setenv("GOMAXPROCS", tt.said)
			}
			before := runtime.GOMAXPROCS(tt.have)
			defer runtime.GOMAXPROCS(before)
			if useProcessors(tt.config); runtime.GOMAXPROCS(0) != tt.want {
				t.Errorf("%d processors, want %d", runtime.GOMAXPROCS(0), tt.want)
			}
		})
	}
}
