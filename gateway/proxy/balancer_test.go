package proxy

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"faas/function"
)

func replicas(n int) []function.Replica {
	rs := make([]function.Replica, n)
	for i := range rs {
		rs[i] = function.Replica{ID: fmt.Sprint("r", i), Addr: fmt.Sprint("127.0.0.1:", 9000+i), State: function.ReplicaReady}
	}
	return rs
}

func TestOnlyReadyReplicasAreLent(t *testing.T) {
	rs := replicas(4)
	rs[0].State, rs[1].State, rs[2].State = function.ReplicaStarting, function.ReplicaDraining, function.ReplicaFailed
	var b Balancer
	if b.Acquire(time.Now()) != nil {
		t.Fatal("lent a replica where there is none")
	}
	b.Update(rs, 0)
	for range 100 {
		if got := b.Acquire(time.Now()); got == nil || got.ID != "r3" {
			t.Fatalf("lent %v, want r3", got)
		}
	}
}

func TestLoadIsSpreadEvenly(t *testing.T) {
	var b Balancer
	b.Update(replicas(20), 0)
	for range 2000 {
		b.Acquire(time.Now())
	}
	for _, target := range b.load().targets {
		if n := target.Inflight(); n < 90 || n > 110 {
			t.Errorf("%s has %d of 2000 in flight, want about 100", target.ID, n)
		}
	}
}

func TestSlotsAreNeverExceeded(t *testing.T) {
	var b Balancer
	b.Update(replicas(3), 2)
	var wg sync.WaitGroup
	lent := make(chan *Target, 100)
	for range 100 {
		wg.Go(func() {
			if target := b.Acquire(time.Now()); target != nil {
				lent <- target
			}
		})
	}
	wg.Wait()
	// Callers that collide may both turn away from the last place, so fewer can be lent, never more.
	for target := b.Acquire(time.Now()); target != nil; target = b.Acquire(time.Now()) {
		lent <- target
	}
	if len(lent) != 6 {
		t.Fatalf("%d lent, want 3 replicas × 2 slots", len(lent))
	}
	(<-lent).Release()
	if b.Acquire(time.Now()) == nil {
		t.Error("a place was given back, and nothing is lent")
	}
}

func TestQuarantineEnds(t *testing.T) {
	now := time.Now()
	var b Balancer
	b.Update(replicas(2), 0)
	b.load().targets[0].Quarantine(now)
	for range 50 {
		if got := b.Acquire(now); got.ID != "r1" {
			t.Fatal("lent the replica in quarantine")
		}
	}
	b.load().targets[1].Quarantine(now)
	if got := b.Acquire(now); got != nil {
		t.Fatalf("lent %s, both are in quarantine", got.ID)
	}
	if b.Acquire(now.Add(quarantine)) == nil {
		t.Error("lent nothing after the quarantine")
	}
}

func TestUpdateKeepsCountsOfThoseThatStay(t *testing.T) {
	var b Balancer
	b.Update(replicas(1), 0)
	lent := b.Acquire(time.Now())
	b.Update(replicas(2), 0)
	if b.load().targets[0] != lent || lent.Inflight() != 1 {
		t.Error("the replica that stayed lost its count")
	}
}

func BenchmarkAcquire(b *testing.B) {
	for _, n := range []int{1, 20, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var bal Balancer
			bal.Update(replicas(n), 0)
			now := time.Now()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					bal.Acquire(now).Release()
				}
			})
		})
	}
}
