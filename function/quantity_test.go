package function

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

func TestParseMemory(t *testing.T) {
	tests := []struct {
		in   string
		want int64
	}{
		{"", 0},
		{"0", 0},
		{"67108864", 67108864},
		{"1Ki", 1 << 10},
		{"128Mi", 128 << 20},
		{"1Gi", 1 << 30},
		{"2Ti", 2 << 40},
		{"1.5Gi", 3 << 29},
		{"64k", 64_000},
		{"64K", 64_000},
		{"64M", 64_000_000},
		{"1G", 1_000_000_000},
		{"1T", 1_000_000_000_000},
		{"20m", 20 << 20},
		{"2g", 2 << 30},
		{"0.5", 1}, // above 0 is never no limit
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := ParseMemory(tt.in)
			if err != nil || got != tt.want {
				t.Errorf("ParseMemory(%q) = %d, %v, want %d", tt.in, got, err, tt.want)
			}
		})
	}
}

func TestParseCPU(t *testing.T) {
	tests := []struct {
		in   string
		want int64
	}{
		{"", 0},
		{"0", 0},
		{"100m", 100},
		{"0.5", 500},
		{"2", 2000},
		{"0.57", 570},
		{"1e3m", 1000},
		{"0.0001", 1}, // above 0 is never no limit
		{"0.4m", 1},
		{"500000000", 500}, // as OpenFaaS wrote it for Swarm
		{"1000000", 1},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := ParseCPU(tt.in)
			if err != nil || got != tt.want {
				t.Errorf("ParseCPU(%q) = %d, %v, want %d", tt.in, got, err, tt.want)
			}
		})
	}
}

func TestQuantityErrors(t *testing.T) {
	parsers := map[string]func(string) (int64, error){"memory": ParseMemory, "cpu": ParseCPU}
	for what, parse := range parsers {
		for _, in := range []string{"-1", "NaN", "Inf", "1e300", "much", "m", "Mi", " 1", "1 Mi", "1Mib", "1MM"} {
			t.Run(what+" "+in, func(t *testing.T) {
				got, err := parse(in)
				if !errors.Is(err, ErrInvalid) || got != 0 {
					t.Fatalf("%d, %v, want 0 and an error of kind invalid", got, err)
				}
				if want := what + " " + strconv.Quote(in) + ":"; !strings.HasPrefix(err.Error(), want) {
					t.Errorf("error %q, want it to begin with %q", err, want)
				}
			})
		}
	}
}

func FuzzQuantity(f *testing.F) {
	for _, in := range []string{"", "0", "128Mi", "1.5G", "100m", "0.5", "-0", "1e18", "0x1p-2", "NaN", "9223372036854775807", "4Ti"} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for what, parse := range map[string]func(string) (int64, error){"memory": ParseMemory, "cpu": ParseCPU} {
			got, err := parse(in)
			if err != nil && (!errors.Is(err, ErrInvalid) || got != 0) {
				t.Errorf("%s %q = %d, %v: an error that is of another kind, or has a value", what, in, got, err)
			}
			if got < 0 {
				t.Errorf("%s %q = %d, below 0", what, in, got)
			}
		}
	})
}
