package scaler

import (
	"testing"
	"time"
)

// TestLast holds that the last decisions on a function are told without those of others and those that confirm.
func TestLast(t *testing.T) {
	s, err := New(Options{Backend: &fakeBackend{}})
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"a", "b", "a", "a", "a"} {
		e := Event{Time: time.Unix(int64(i), 0), Function: name, Kind: KindManual, Code: CodeScaled, To: i, Applied: true, Reason: "manual order"}
		if i == 3 {
			e.Code, e.Applied = CodeUnchanged, false
		}
		s.record(e, true)
	}
	got := s.Last("a", 2)
	if len(got) != 2 || got[0].To != 2 || got[1].To != 4 {
		t.Errorf("got %+v, want those to 2 and 4", got)
	}
	if got := s.Last("nobody", 2); len(got) != 0 {
		t.Errorf("got %+v of nobody", got)
	}
}
