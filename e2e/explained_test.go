package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var began = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// seen makes looks at function f, one each 25 ms, each taking 5 ms, from texts such as "1 1 - 4": "-" is no f, and a
// dot is a gateway that does not answer.
func seen(text string) []look {
	var looks []look
	for i, field := range strings.Fields(text) {
		l := look{began: began.Add(ms(25 * i)), ended: began.Add(ms(25*i + 5)), desired: map[string]int{"other": 7}}
		if field == "." {
			continue
		}
		var n int
		if _, err := fmt.Sscan(field, &n); err == nil {
			l.desired["f"] = n
		}
		looks = append(looks, l)
	}
	return looks
}

// toldAt is an entry that was accepted at a moment in ms, over so many of them, by a gateway that is seen within 5 ms.
func toldAt(at, took, from, to int) change {
	return change{
		who: fmt.Sprint("entry of ", at), from: from, to: to,
		earliest: began.Add(ms(at - took - 5)), latest: began.Add(ms(at + 5)),
	}
}

func made(from, by, to int) change {
	return change{who: "the test", from: anyCount, to: to, earliest: began.Add(ms(from)), latest: began.Add(ms(by))}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		name    string
		seen    string
		changes []change
		wrong   string
	}{
		{"nothing happens", "1 1 1 1", nil, ""},
		{"one change", "1 1 4 4", []change{toldAt(40, 5, 1, 4)}, ""},
		{"it is seen while the backend is still asked", "1 4 4 4", []change{toldAt(70, 50, 1, 4)}, ""},
		{"several between two looks", "1 1 4 4", []change{toldAt(35, 2, 1, 2), toldAt(38, 2, 2, 3), toldAt(41, 2, 3, 4)}, ""},
		{"there and back between two looks", "1 1 1 1", []change{toldAt(33, 1, 1, 2), toldAt(38, 1, 2, 1)}, ""},
		{"there and back again, late", "1 1 4 4 1 1 4", []change{toldAt(40, 5, 1, 4), toldAt(90, 5, 4, 1), toldAt(140, 5, 1, 4)}, ""},
		{"over a time without answers", "1 . . . . 3 3", []change{toldAt(30, 1, 1, 2), toldAt(80, 1, 2, 3)}, ""},
		{"one just before the first look", "4 4", []change{toldAt(-20, 1, 1, 4)}, ""},
		{"one as the first look is made", "4 4", []change{toldAt(4, 3, 1, 4)}, ""},
		{"one as the last look is made", "1 1 1", []change{toldAt(55, 5, 1, 4)}, ""},
		{"one after the last look", "1 1 1", []change{toldAt(90, 5, 1, 4)}, ""},
		{"written down in another order", "1 1 3 3", []change{toldAt(41, 10, 2, 3), toldAt(43, 12, 1, 2)}, ""},
		{"a deployment anew", "3 3 - - 1 1 2", []change{toldAt(140, 5, 1, 2)}, ""},
		{"made by the test", "1 1 3 3 1", []change{made(30, 60, 3), toldAt(90, 5, 3, 1)}, ""},

		{"without an entry", "1 1 4 4", nil, "4 seen at 55ms is not explained: by the log it was 1 from the start"},
		{"an entry for another count", "1 1 4 4", []change{toldAt(40, 5, 1, 5)}, "4 seen"},
		{"an entry from another count", "1 1 4 4", []change{toldAt(40, 5, 2, 4)}, "1 seen at 5ms"},
		{"an entry too early", "1 1 1 4", []change{toldAt(30, 1, 1, 4)}, "1 seen at 55ms is not explained: by the log it was 4 after entry of 30: 1 → 4"},
		{"an entry too late", "1 4 4 4", []change{toldAt(80, 5, 1, 4)}, "4 seen at 30ms"},
		{"two entries for one change", "1 1 4 4", []change{toldAt(40, 5, 1, 4), toldAt(42, 5, 1, 4)}, "does not go on from"},
		{"one entry for two changes", "1 1 4 4 1 1 4", []change{toldAt(40, 5, 1, 4), toldAt(90, 5, 4, 1)}, "4 seen at 155ms"},
		{"one of a chain is missing", "1 1 4 4", []change{toldAt(35, 2, 1, 2), toldAt(41, 2, 3, 4)}, "does not go on from"},
		{"an entry for nothing", "1 1 1 1", []change{toldAt(40, 1, 1, 4)}, "1 seen at 55ms"},
		{"there and back, and a look between that did not see it", "1 1 1 1", []change{toldAt(32, 1, 1, 2), toldAt(66, 1, 2, 1)}, "1 seen at 55ms"},
		{"back without an entry", "1 1 4 1", []change{toldAt(40, 5, 1, 4)}, "1 seen at 80ms"},
		{"an entry over a time without answers, for nothing", "1 . . . . 1 1", []change{toldAt(30, 1, 1, 2)}, "1 seen at 130ms"},
		{"an entry of before a deployment", "3 3 - - 1 1 2", []change{toldAt(20, 5, 1, 2)}, "seen"},
		{"the test said another count", "1 1 3 3", []change{made(30, 60, 4)}, "3 seen"},
		{"the test said it, and did not", "1 1 1 1", []change{made(30, 45, 4)}, "1 seen"},
		{"one more than the test said", "1 1 3 3 1", []change{made(30, 60, 3)}, "1 seen at 105ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := explain(seen(c.seen), "f", c.changes)
			if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("got %v, want %q", err, c.wrong)
			}
		})
	}
}
