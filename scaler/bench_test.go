package scaler

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func BenchmarkDecide(b *testing.B) {
	st := State{Scaling: bounds(1, 20), Desired: 4}
	for name, n := range map[string]int{"scaled": 12, "unchanged": 4} {
		a := Alert{Function: "resize", Firing: true, Replicas: n, Direction: Up, StartsAt: noon}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Decide(noon, st, a)
			}
		})
	}
}

// BenchmarkWebhook measures the answer to Alertmanager, each alert for a function of its own.
func BenchmarkWebhook(b *testing.B) {
	for _, n := range []int{1, 500} {
		b.Run(fmt.Sprintf("alerts=%d", n), func(b *testing.B) {
			names, alerts := make([]string, n), make([]string, n)
			for i := range n {
				names[i] = fmt.Sprintf("fn-%d", i)
				alerts[i] = fmt.Sprintf(`{"status":"firing","labels":{"alertname":"FunctionScale","direction":"up","function_name":%q,`+
					`"replicas":"12"},"annotations":{},"startsAt":%q,"endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"2436ce09276e1072"}`,
					names[i], time.Now().Format(time.RFC3339Nano))
			}
			s, _ := start(b, Options{Backend: functions(1, names...)})
			body := `{"version":"4","alerts":[` + strings.Join(alerts, ",") + `]}`
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if code := post(b, s, body); code != 202 {
					b.Fatal(code)
				}
			}
		})
	}
}
