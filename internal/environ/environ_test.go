package environ

import (
	"strings"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	type settings struct {
		first, second time.Duration
		few, many     int
		memory        int64
		on            bool
	}
	before := settings{time.Hour, time.Hour, 3, 4, 5, true}
	tests := []struct {
		name  string
		value map[string]string
		want  settings
		wrong []string // parts of the error, one for each variable
	}{
		{"nothing said", nil, before, nil},
		{"empty is not set", map[string]string{"first": "", "few": "", "on": ""}, before, nil},
		{
			"all said",
			map[string]string{"first": "0", "second": "90", "few": "7", "many": "100", "memory": "1Ki", "on": "false"},
			settings{0, 90 * time.Second, 7, 100, 1024, false},
			nil,
		},
		{"a duration", map[string]string{"first": "1m30s"}, settings{90 * time.Second, time.Hour, 3, 4, 5, true}, nil},
		{
			"all wrong, and the defaults stay",
			map[string]string{"first": "-1s", "second": "0", "few": "0", "many": "101", "memory": "much", "on": "maybe"},
			before,
			[]string{
				`environment variable first="-1s": write seconds such as 60`, `second="0": write seconds`, `few="0": write a whole number above 0`,
				`many="101": write a whole number from 1 to 100`, `memory="much": `, `on="maybe": write true or false`,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := before
			err := Read(func(name string) (string, bool) { v, ok := tt.value[name]; return v, ok }, []Variable{
				{"first", "", Duration(&got.first, 0)},
				{"second", "", Duration(&got.second, 1)},
				{"few", "", Count(&got.few, 0)},
				{"many", "", Count(&got.many, 100)},
				{"memory", "", Memory(&got.memory)},
				{"on", "", Bool(&got.on)},
			})
			if got != tt.want || (err != nil) != (len(tt.wrong) > 0) {
				t.Errorf("read %+v, %v; want %+v", got, err, tt.want)
			}
			for _, part := range tt.wrong {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("no %q in %v", part, err)
				}
			}
		})
	}
}
