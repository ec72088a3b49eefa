// Faas runs functions that follow their load, and shows what they do.
package main

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/alecthomas/kong"
)

// Set by the linker.
var (
	version = "dev"
	commit  = "unknown"
)

type commands struct {
	New    newCommand    `cmd:"" group:"Your own functions:" help:"Make the folder of a new function."`
	Build  buildCommand  `cmd:"" group:"Your own functions:" help:"Make images of the functions of a stack file."`
	Deploy deployCommand `cmd:"" group:"Your own functions:" help:"Deploy the functions of a stack file, and wait until they are ready."`
	Invoke invokeCommand `cmd:"" group:"Your own functions:" help:"Call a function."`
	Logs   logsCommand   `cmd:"" group:"Your own functions:" help:"Show what a function's replicas write."`
	List   listCommand   `cmd:"" aliases:"ls" group:"Your own functions:" help:"List the functions."`
	Remove removeCommand `cmd:"" name:"rm" aliases:"remove" group:"Your own functions:" help:"Remove functions."`

	Up          upCommand          `cmd:"" help:"Run the gateway, the functions of a stack file, Prometheus and Alertmanager on this machine."`
	Gateway     gatewayCommand     `cmd:"" help:"Run the gateway of a Docker Swarm, in a container on a manager."`
	Queue       queueCommand       `cmd:"" help:"Keep the asynchronous calls of the gateways of a Swarm."`
	Top         topCommand         `cmd:"" help:"Show what each function does, second by second."`
	Scale       scaleCommand       `cmd:"" help:"Change how functions scale, and have it explained."`
	Rehearse    rehearseCommand    `cmd:"" help:"Play a load through the scaling rules in virtual time, and show what becomes of it."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask the gateway whether it is healthy: exit status 0 or 1."`
	Pause       pauseCommand       `cmd:"" hidden:"" help:"Do nothing until told to end."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
	Completion  completionCommand  `cmd:"" help:"Print a script that completes commands in bash, zsh or fish."`
	Complete    completeCommand    `cmd:"" hidden:"" passthrough:"" help:"Print what may come next."`

	ShowVersion versionFlag `name:"version" help:"Print the version and exit."`
}

func parser(cli *commands) *kong.Kong {
	return kong.Must(cli,
		kong.Name("faas"),
		kong.Description("Functions as a service with an alert-driven autoscaler."),
		kong.Vars{
			"gateway_url": defaultGateway, "metrics_url": defaultMetrics,
			"drain": defaultDrain.String(),
			"user":  defaultUser, "data": defaultData,
			"stack":  defaultStack,
			"rivals": rivalNames, "prometheus_url": defaultPrometheus,
		},
		kong.Exit(func(code int) { os.Exit(min(code, 1)) }),
		kong.TypeMapper(reflect.TypeFor[time.Duration](), kong.MapperFunc(readDuration)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(context.Background(), (*context.Context)(nil)),
	)
}

func main() {
	var cli commands
	p := parser(&cli)
	command, err := p.Parse(glued(withHelp(os.Args[1:])))
	p.FatalIfErrorf(err)
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "faas:", err)
		os.Exit(1)
	}
}
