// Package top is the terminal view of a running gateway: what each function does this second, how many
// replicas it has, and what the scaler last decided and why.
//
// It stands outside both flows and only reads: GET /system/functions, GET /system/scale/events, GET
// /healthz, and /metrics on the metrics port. Two samples make a row: rates are differences of counters,
// bounds of quantiles are of the differences of histogram buckets. Client fetches samples, Rows computes, View
// draws and Model moves; the middle two are pure.
package top
