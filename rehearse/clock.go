package rehearse

import "time"

// epoch is the moment of virtual time 0. Which one does not matter.
var epoch = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// clock is virtual time: a queue of what is to happen. Nothing waits; the time is that of the event that runs.
type clock struct {
	now   time.Duration
	queue []event // a heap, the earliest first
	count uint64
}

// event is something that happens at a time. Of those at the same time the one planned first comes first.
type event struct {
	at  time.Duration
	seq uint64
	do  func()
}

func (e event) before(o event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

// time is the wall clock's time of the present.
func (c *clock) time() time.Time { return epoch.Add(c.now) }

// millis is the present as Prometheus stores it.
func (c *clock) millis() int64 { return c.time().UnixMilli() }

// at plans an event, at once if its time is past.
func (c *clock) at(t time.Duration, do func()) {
	c.count++
	c.queue = append(c.queue, event{max(t, c.now), c.count, do})
	for i := len(c.queue) - 1; i > 0; {
		parent := (i - 1) / 2
		if !c.queue[i].before(c.queue[parent]) {
			return
		}
		c.queue[i], c.queue[parent] = c.queue[parent], c.queue[i]
		i = parent
	}
}

// after plans an event d from now.
func (c *clock) after(d time.Duration, do func()) { c.at(c.now+d, do) }

// every plans do for first and each interval after it.
func (c *clock) every(first, interval time.Duration, do func()) {
	var again func()
	next := first
	again = func() {
		do()
		next += interval
		c.at(next, again)
	}
	c.at(first, again)
}

// step runs the next event if it comes before end, and reports whether it did.
func (c *clock) step(end time.Duration) bool {
	if len(c.queue) == 0 || c.queue[0].at >= end {
		return false
	}
	next := c.queue[0]
	last := len(c.queue) - 1
	c.queue[0], c.queue[last] = c.queue[last], event{}
	c.queue = c.queue[:last]
	c.sink()
	c.now = next.at
	next.do()
	return true
}

// sink puts the first of the heap in its place.
func (c *clock) sink() {
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(c.queue); child++ {
			if c.queue[child].before(c.queue[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		c.queue[i], c.queue[least] = c.queue[least], c.queue[i]
		i = least
	}
}
