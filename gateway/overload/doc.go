// Package overload asks for replicas when requests find all slots taken, without waiting for a scrape.
//
// A request that is held because every replica has as many requests as it takes at once is proof that there are too
// few. The Watcher looks at functions that hold requests, and pushes the alert FunctionOverload with the count that would
// have room for all to Alertmanager, which delivers it like any order of the rules: it can be silenced, is shown
// where orders are shown, and is decided on by the scaler. With Alertmanager away the rules still see the count as a
// metric.
//
//	request held ─▶ Function.Held ─ 3 ms ─▶ Watcher ─▶ Alertmanager ─▶ webhook ─▶ scaler
//	                                           └─▶ gateway_function_overload_replicas
package overload
