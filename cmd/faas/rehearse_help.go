package main

// Help is called by the parser.
func (*rehearseCommand) Help() string {
	return `Plays a load through the scaling rules in virtual time, with Prometheus's own engine for the rules and
Alertmanager's timers, and shows what would have become of the replicas. An hour takes seconds. Nothing is run and
nothing is changed.

How loads are written (LOAD). Rates are requests a second; what is left out is as shown here:
  step:5..50@1m              5 for 1 m, then 50
  ramp:5..50@5m              from 5 to 50 within 5 m, then 50
  spike:5..50@10s/2m         5, and 50 for 10 s of every 2 m
  diurnal:5..50@1h           a day that takes 1 h: 5 at night, 50 at noon
  noisy:5..50@10s            another rate by chance every 10 s (see --seed)
  trace:20@2m,20..90@1m      pieces one after the other: 20 for 2 m, then in a line to 90 within 1 m;
                             'trace:sine(40..120,3m)@6m' is a sine of 3 m for 6 m, noisy(…) and spike(…) likewise
  FILE.csv                   rows of a time and a rate, which holds until the next; times are seconds,
                             durations or dates

Examples:
  faas rehearse --load step:5..50@1m
  faas rehearse --load trace:20@2m,160@3m,40@2m --target 10 --compare target=20 --compare hpa --svg a.svg
  faas rehearse --stack functions/stack.yml --function echoit --load ramp:1..200@10m --compare window=5m
  faas rehearse --function echoit --since 1h --times 2
  faas rehearse --query 'sum(rate(http_requests_total[1m]))' --start 2026-11-23T08:00:00Z --end 2026-11-23T20:00:00Z
  faas rehearse --load step --config-dir . --compare ../other -o json

The figures of the table:
  REACTION       how long the load was beyond what the replicas asked for carry when the first were added
  OVER CAPACITY  for how long there was more load than the ready replicas carry at their targets
  OF LOAD        how much of all load that was
  REPLICA-S      replicas × seconds, what it costs
  × LEAST        compared with the least possible: a count that is just right at each moment
  ACTIONS        changes of the count; TURNS are those that went the other way than the one before

docs/rehearse.md tells the rest.`
}
