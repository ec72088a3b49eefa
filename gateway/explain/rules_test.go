package explain

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// recordings are the expressions of the shipped scaling rules by what they record, with single spaces.
func recordings(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../prometheus/rules/scaling.yml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	var name string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if record, ok := strings.CutPrefix(line, "- record: "); ok {
			name = record
		} else if strings.HasPrefix(line, "- ") {
			name = ""
		} else if name != "" && !strings.HasPrefix(line, "#") {
			all[name] += " " + strings.Join(strings.Fields(line), " ")
		}
	}
	return all
}

// TestRulesAreAsTold holds the sentences to the rules that they are about.
func TestRulesAreAsTold(t *testing.T) {
	all := recordings(t)
	deviations := func(mean, capacity string, z float64) string {
		return fmt.Sprintf("sqrt(function:load:%s) - sqrt(%s) > %g", mean, capacity, z)
	}
	stood := func(d time.Duration) string {
		return fmt.Sprintf("changes(function:replicas:desired[%s]) == 0", span(d))
	}
	for _, tt := range []struct{ record, says, want string }{
		{"function:creep", "what 5 s take", deviations("mean5s", "function:capacity", creep5s) + " or"},
		{"function:creep", "what 30 s take", deviations("mean30s", "function:capacity", creep30s) + " and"},
		{"function:replicas:wish", "what 5 s take to be sized", deviations("mean5s", "function:capacity", creep5s) + ")"},
		{"function:replicas:wish", "by how much levels differ", fmt.Sprintf("(function:load:level > %g * function:capacity)", tolerance)},
		{"function:rising", "that less is enough while it rises", "sqrt(function:load:mean5s) - sqrt(function:load:mean5s offset 20s) >"},
		{"function:replicas:load", "room for chance, in counts only", "function:load:mean5s + 2 * sqrt(function:load:mean5s / 5) or function:load:level"},
		{"function:replicas:need", "that what has no figures is needed", "function:replicas:spare unless on (function_name)"},
		{"function:replicas:need", "that what was just ordered is needed", "label_replace(function:replicas:fresh"},
		{"function:replicas:need", "that what an overload wants is needed", `function:replicas:wish{scaling_type="overload"}`},
		{"function:replicas:down", "what is waited", fmt.Sprintf("function:replicas:floor offset %s < function:replicas:desired", span(settle))},
		{"function:replicas:down", "which steps are worth it", fmt.Sprintf("function:replicas:floor <= %g * function:replicas:desired or", worthwhile)},
		{"function:replicas:down", "that the minimum always is", "function:replicas:floor == function:replicas:min"},
		{"function:replicas:calm", "how long a count stands", stood(calm) + " and function:window)"},
		{"function:replicas:calm", "how long a count of the shortest window stands", fmt.Sprintf("%s and function:window == %g)", stood(shortWindow), shortWindow.Seconds())},
	} {
		if got := all[tt.record]; !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s does not have\n\t%s\nbut is\n\t%s", tt.says, tt.record, tt.want, got)
		}
	}
}
