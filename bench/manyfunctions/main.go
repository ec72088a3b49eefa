package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// options are the command's flags.
type options struct {
	Measure measureCommand `cmd:"" default:"withargs" help:"Measure what the control loop costs."`
	Gateway gatewayCommand `cmd:"" hidden:"" help:"The gateway's own process."`
}

// measureCommand is what people run.
type measureCommand struct {
	Functions int           `help:"Functions that there are." default:"1000"`
	Active    int           `help:"Functions that get load." default:"50"`
	For       time.Duration `help:"How long is measured." default:"60s"`
	Settle    time.Duration `help:"How long load goes on before that, so that all windows are full and the others are at rest." default:"105s"`
	Rate      float64       `help:"Greatest load of a function in requests per second." default:"40"`
	Step      time.Duration `help:"How long a function's load stays the same, on average." default:"10s"`

	Touch          bool   `help:"Call each function once before, so that Prometheus has seen them all."`
	ReplicaMetrics bool   `help:"Give the replicas metrics, which Prometheus then scrapes too." default:"true" negatable:""`
	Bin            string `help:"Directory with prometheus and alertmanager." default:"bin" type:"path"`
	Config         string `help:"Directory with prometheus and alertmanager to use instead of the shipped configuration." type:"existingdir"`
	Profile        string `help:"Write processor profiles of Prometheus, Alertmanager and the gateway, taken after the measurement, to this directory." type:"path"`
	Keep           string `help:"Keep data and logs in this directory." type:"path"`
}

func main() {
	var o options
	parsed := kong.Parse(&o, kong.Name("manyfunctions"), kong.Description("Measure what the control loop costs with many functions."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	parsed.BindTo(ctx, (*context.Context)(nil))
	err := parsed.Run()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench manyfunctions:", err)
		os.Exit(1)
	}
}

// name is that of a function.
func name(i int) string { return fmt.Sprintf("function-%04d", i) }
