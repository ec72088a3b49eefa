package api

import (
	"encoding/json"
	"math"
	"testing"
)

func TestNumber(t *testing.T) {
	for n, want := range map[Number]string{
		0: "0", 4.5: "4.5", 123456.7: "1.2346e+05", 1e-9: "1e-09", Number(math.Inf(1)): "null", Number(math.Inf(-1)): "null", Unknown(): "null",
	} {
		got, err := json.Marshal(n)
		if err != nil || string(got) != want {
			t.Errorf("%g: %s, %v, want %s", float64(n), got, err, want)
		}
		var back Number
		if err := json.Unmarshal(got, &back); err != nil || back.Known() != n.Known() {
			t.Errorf("%s became %g, %v", got, float64(back), err)
		}
	}
	var n Number
	if json.Unmarshal([]byte(`"x"`), &n) == nil {
		t.Error("a text is a number")
	}
}
