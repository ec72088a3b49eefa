// Package e2e runs the whole of faas as its users do and holds what happens against what was promised.
//
// A System is a gateway with real Prometheus, Alertmanager and replicas behind it: an Up is a `faas up`, a
// Stack runs on Docker Swarm. A Scenario is a load over time with things that befall the system and wants
// about what follows; it reads like a test of timing:
//
//	Scenario{
//		At(0, Offer("echoit", 4)),
//		At(10*time.Second, Offer("echoit", 80)),
//		Between(10300*time.Millisecond, 12*time.Second, Reaches("echoit", 18)),
//		At(20*time.Second, Offer("echoit", 0)),
//		Between(20*time.Second, 60*time.Second, Reaches("echoit", 1)),
//		During(0, 60*time.Second, NoFailedRequest("echoit")),
//	}
//
// Both flows are under test, and nothing in them is replaced. The tests here run `faas up`; those in e2e/swarm
// run the stack on one engine, those in e2e/lab on several nodes.
package e2e
