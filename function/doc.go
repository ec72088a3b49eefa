// Package function is the domain of faas: what a function is, how it scales, where its replicas answer,
// and the kinds of error that the other packages speak of.
//
// It stands under both flows. The request flow (gateway, activator, proxy) reads Status and Replica to
// find who answers; the control flow (scaler, backends) reads Scaling to know the bounds of a count.
// It imports nothing of ours and does no I/O.
package function
