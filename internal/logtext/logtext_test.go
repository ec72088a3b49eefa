package logtext

import "testing"

func TestWhole(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "abc": 3, "aé": 3, "a\xc3": 1, "a€": 4, "a\xe2\x82": 1, "a😀": 5, "a\xf0\x9f\x98": 1,
		"a\xff":     2, // no character begins so
		"\xe2\x82":  2, // nothing would be left
		"a\x82\x82": 3, // the ends of something else
		"a\xc3(":    3, // broken before its end
	} {
		if got := Whole([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
