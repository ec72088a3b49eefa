package overload

import (
	"testing"
	"time"
)

func TestLastWish(t *testing.T) {
	at := func(s float64) time.Time { return time.UnixMilli(int64(s * 1000)) }
	var o LastWish
	look := func(when string, now time.Time, want int) {
		t.Helper()
		if n, ok := o.Read(now); n != want && ok || ok != (want > 0) {
			t.Errorf("%s: %d, %v; want %d", when, n, ok, want)
		}
	}
	look("at first", at(0), 0)
	o.Set(at(100), 4)
	o.Set(at(101), 7)
	o.Set(at(105), 5)
	o.Set(at(104), 6) // late to the lock
	look("the most of it", at(115), 7)
	look("10 s after the last", at(115.001), 0)
	o.Set(at(116), 2)
	look("the next time", at(116), 2)
	o.Forget()
	look("forgotten", at(116), 0)
}
