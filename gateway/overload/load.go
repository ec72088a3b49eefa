package overload

import "fmt"

// Load is what a gateway knows of a function at one moment.
type Load struct {
	// Inflight is the number of requests under way at this gateway, and Held how many of them wait for a replica.
	Inflight, Held int
	// Usable is how many replicas are ready and answer, whether or not they have room.
	Usable int
	// Desired is how many replicas were asked for: those that are not ready yet are on their way.
	Desired int
	// Slots is how many requests this gateway has one replica take at once, which is its part where several gateways share
	// the replica; 0 is no bound. Max bounds the replicas.
	Slots, Max int
}

// Wish returns how many replicas would have room for all requests under way: at most Max, and 0 unless that is more than
// was asked for. Requests that wait although no replica could be used wait for a start and say nothing of room.
func (l Load) Wish() int {
	if l.Held == 0 || l.Usable == 0 || l.Desired == 0 || l.Slots == 0 {
		return 0
	}
	if n := min((l.Inflight+l.Slots-1)/l.Slots, l.Max); n > l.Desired {
		return n
	}
	return 0
}

// reason says why Wish is what it is.
func (l Load) reason() string {
	return fmt.Sprintf("%d in flight, %s × %s, %d held", l.Inflight, count(l.Desired, "replica"), count(l.Slots, "slot"), l.Held)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
