package main

import (
	"strings"
	"testing"
	"time"

	"faas/swarm/swarmtest"
)

func TestBeyondSteady(t *testing.T) {
	before := map[string]int{swarmtest.TaskListEndpoint: 10, "GET /services/{id}": 3}
	after := map[string]int{swarmtest.TaskListEndpoint: 13, swarmtest.ServiceListEndpoint: 1, "GET /services/{id}": 3}
	if n, which := beyondSteady(before, after, 2*time.Second); n != 0 || which != "" {
		t.Errorf("%d calls (%s) where there was nothing but the steady ones", n, which)
	}
	after[swarmtest.TaskListEndpoint], after["GET /services/{id}"] = 20, 5
	if n, which := beyondSteady(before, after, 2*time.Second); n != 9 || which != "2 × GET /services/{id}, 7 × GET /tasks" {
		t.Errorf("%d calls: %s", n, which)
	}
}

func TestReadLog(t *testing.T) {
	opened := make(chan [2]string, 1)
	last := readLog(strings.NewReader("no JSON\n"+
		`{"msg":"faas gateway","listen":"127.0.0.1:1","metrics_listen":"127.0.0.1:2"}`+"\n"), opened)
	if got, want := <-opened, [2]string{"127.0.0.1:1", "127.0.0.1:2"}; got != want || !strings.HasPrefix(last, "no JSON\n") {
		t.Errorf("addresses %v, want %v; log %q", got, want, last)
	}
}
