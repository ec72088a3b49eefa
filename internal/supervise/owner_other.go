//go:build !linux

package supervise

func portOwner(string) string { return "" }
