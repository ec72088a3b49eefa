package queue

import "time"

// backoff is the time to wait after the attempt of that number, from 1: first, and twice as long each time, up to
// most. luck, from 0 to 1, takes up to a quarter off, so that what failed together does not come back together.
func backoff(attempt int, first, most time.Duration, luck float64) time.Duration {
	d := first
	for range min(attempt-1, 62) {
		if d >= most/2 {
			d = most
			break
		}
		d *= 2
	}
	d = min(d, most)
	return d - time.Duration(luck*float64(d/4))
}

// pace is how fast a lane may go. Where the platform refuses a call for want of room or of a replica, the next one would
// be refused as well: the lane waits, and then tries one at a time, so that an outage uses up the attempts of a few
// calls and not of all that wait.
//
//	open, up to the limit ──refused──▶ waits ──time──▶ one at a time ──refused──▶ waits longer
//	   ▲                                                   │
//	   └──────────── one more with each answer ────────────┘
type pace struct {
	allowed int       // at once; 0: as many as the limit says
	level   int       // how many times in a row it had to wait
	until   time.Time // it waits
}

const (
	firstPause = 250 * time.Millisecond
	maxPause   = 10 * time.Second
)

// room returns how many may be under way at now, and when that changes where it is none.
func (p *pace) room(now time.Time, limit int) (n int, until time.Time) {
	if now.Before(p.until) {
		return 0, p.until
	}
	if p.allowed == 0 {
		return limit, time.Time{}
	}
	return min(p.allowed, limit), time.Time{}
}

// refused says that the platform had no room at now. What was under way with the first refusal counts with it.
func (p *pace) refused(now time.Time) {
	if now.Before(p.until) {
		return
	}
	p.level++
	p.allowed = 1
	p.until = now.Add(backoff(p.level, firstPause, maxPause, 0))
}

// answered says that a call got through.
func (p *pace) answered(limit int) {
	p.level, p.until = 0, time.Time{}
	if p.allowed > 0 {
		p.allowed++
	}
	if p.allowed >= limit {
		p.allowed = 0
	}
}
