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
	Measure measureCommand `cmd:"" default:"withargs" help:"Measure what the data path costs."`
	Echo    echoCommand    `cmd:"" hidden:"" help:"The server behind."`
	Reverse reverseCommand `cmd:"" hidden:"" help:"The reverse proxy to compare with."`
	Gateway gatewayCommand `cmd:"" hidden:"" help:"The gateway's own process."`
}

// measureCommand is what people run.
type measureCommand struct {
	Only        []string      `help:"Parts to measure: hop (proxies at each number of connections), many (1,000 functions), idle (memory of idle connections), watchdog, fork, bodies." default:"hop,many,idle,watchdog,fork,bodies" enum:"hop,many,idle,watchdog,fork,bodies"`
	Rounds      int           `help:"Rounds, in each of which all take their turn." default:"3"`
	For         time.Duration `help:"How long each turn is." default:"3s"`
	Connections []int         `help:"Numbers of connections." default:"1,10,50,100,500"`
	Bin         string        `help:"Directory with fwatchdog." default:"bin" type:"path"`
	Report      string        `help:"Write the report to this file as well." type:"path"`
	Profile     string        `help:"Write a processor profile of the gateway at 50 connections to this file." type:"path"`
}

func main() {
	var o options
	parsed := kong.Parse(&o, kong.Name("datapath"), kong.Description("Measure what the data path costs, beside nginx and others."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	parsed.BindTo(ctx, (*context.Context)(nil))
	err := parsed.Run()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench datapath:", err)
		os.Exit(1)
	}
}
