// Command manyfunctions measures what the control loop costs with many functions: the gateway and its scaler in a
// process of their own, stock Prometheus and Alertmanager with the shipped configuration, and functions that are an
// entry in a table, all of whose replicas are one HTTP echo. Some of them get load, at random, whose rate steps now and
// then, so that orders flow.
//
// It measures the gateway first without the control loop and then with it, under the same load, and prints what the
// processes use, how long each rule takes, and lines
//
//	result: NAME VALUE UNIT
//
// of which many_control_cpu_pct is the sum, in percent of one core: Prometheus, Alertmanager, and what the gateway uses
// for scrapes, webhooks and decisions.
package main
