// Package backendtest is the contract that every backend keeps, as tests: what gateway and scaler, which never know
// which backend they work with, rely on.
//
//	func TestContract(t *testing.T) {
//		backendtest.Run(t, func(t *testing.T) backendtest.Harness { … })
//	}
package backendtest
