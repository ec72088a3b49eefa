package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// options are the command's flags.
type options struct {
	Only   string `help:"Run one part: loop or table." enum:",loop,table" default:""`
	Bin    string `help:"Directory with faas." default:"bin" type:"path"`
	Report string `help:"Write the report to this file as well." type:"path"`

	DockerHost   string        `help:"Engine for the loop, a manager of a swarm (default ${default})." env:"FAAS_TEST_ENGINE" default:"unix:///var/run/docker.sock"`
	Port         int           `help:"Port that the stack publishes its gateway on. Default: a free one."`
	Gateway      string        `help:"URL of a gateway that runs on that engine already. Default: the stack is deployed, and removed at the end."`
	PasswordFile string        `help:"File with the password of user admin of that gateway." type:"path"`
	Runs         int           `help:"Load runs." default:"3"`
	Load         time.Duration `help:"How long each load lasts." default:"20s"`
	Wakes        int           `help:"Wakes from 0 replicas." default:"10"`

	Functions int           `help:"Functions of the table, with two replicas each." default:"500"`
	Idle      time.Duration `help:"How long the idle gateway is watched." default:"20s"`
	Changes   int           `help:"Changes of a replica set." default:"50"`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("swarm"), kong.Description("Measure faas on Docker Swarm."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench swarm:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) error {
	rep := &report{out: out}
	rep.machine()
	if o.Only != "table" {
		if err := measureLoop(ctx, o, rep); err != nil {
			return fmt.Errorf("loop: %w", err)
		}
	}
	if o.Only != "loop" {
		if err := measureTable(ctx, o, rep); err != nil {
			return fmt.Errorf("table: %w", err)
		}
	}
	if o.Report == "" {
		return nil
	}
	return os.WriteFile(o.Report, []byte(rep.page()), 0o644)
}
