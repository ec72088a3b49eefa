package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"faas/api"
	"faas/function"
	"faas/gateway"
)

// pastServer is a Prometheus that knows a load second by second, of so many seconds up to end, and that requests took 20 ms.
func pastServer(t *testing.T, end time.Time, seconds int, rate func(second int) float64) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		kind, result := "vector", `{"metric":{},"value":[1,"0.02"]}`
		if strings.HasSuffix(r.URL.Path, "query_range") {
			var values []string
			for i := range seconds {
				values = append(values, fmt.Sprintf(`[%d,"%g"]`, end.Unix()-int64(seconds-1-i), rate(i)))
			}
			kind, result = "matrix", ""
			if len(values) > 0 {
				result = fmt.Sprintf(`{"metric":{},"values":[%s]}`, strings.Join(values, ","))
			}
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":%q,"result":[%s]}}`, kind, result)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func previewTask(now time.Time) gateway.PreviewTask {
	before := function.DefaultScaling()
	after := before
	after.Signals = []function.Signal{{Type: function.ScalingRPS, Target: 20}, {Type: function.ScalingCPU, Target: 500}}
	return gateway.PreviewTask{Function: "a", Before: before, After: after, Length: 2 * time.Minute, Now: now}
}

func TestPreview(t *testing.T) {
	now := time.Now()
	url := pastServer(t, now, 90, func(second int) float64 {
		if second < 30 {
			return 2
		}
		return 40
	})
	play, err := newPreview([]string{"http://127.0.0.1:1", url}) // of several, the first that answers
	if err != nil {
		t.Fatal(err)
	}
	task := previewTask(now)
	p, err := play(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	most := func(counts []int) (n int) {
		for _, c := range counts {
			n = max(n, c)
		}
		return n
	}
	if b, a := most(p.Before.Desired), most(p.After.Desired); b < 9 || b > 11 || a < 2 || a > 4 {
		t.Errorf("before up to %d, after up to %d", b, a)
	}
	n := len(p.Times)
	if n != 90 || len(p.Arrivals) != n || len(p.Before.Desired) != n || len(p.After.Ready) != n {
		t.Errorf("%d times, %d arrivals", n, len(p.Arrivals))
	}
	if last := time.UnixMilli(p.Times[n-1]); now.Sub(last) > time.Second || p.Arrivals[5] != 2 || p.Arrivals[60] != 40 {
		t.Errorf("the last is %s before now, arrivals %v", now.Sub(last), p.Arrivals)
	}
	if p.Before.Changes == 0 || p.Before.ReplicaSeconds <= p.After.ReplicaSeconds || p.Before.OverloadedSeconds == api.Number(0) {
		t.Errorf("before %+v", p.Before.Changes)
	}
	for _, text := range []string{"Requests take 20ms", "replicas start in 1s (not measured)", "the load of cpu is not played"} {
		if !strings.Contains(p.Note, text) {
			t.Errorf("the note %q has no %q", p.Note, text)
		}
	}
	again, err := play(t.Context(), task)
	if err != nil || again.After.ReplicaSeconds != p.After.ReplicaSeconds {
		t.Errorf("again it is another: %v", err)
	}
}

func TestPreviewFails(t *testing.T) {
	now := time.Now()
	none, err := newPreview([]string{pastServer(t, now, 0, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none(t.Context(), previewTask(now)); !errors.Is(err, function.ErrUnavailable) || !strings.Contains(err.Error(), "no load to play") {
		t.Errorf("without load: %v", err)
	}
	away, err := newPreview([]string{"http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := away(t.Context(), previewTask(now)); !errors.Is(err, function.ErrUnavailable) {
		t.Errorf("without Prometheus: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := away(ctx, previewTask(now)); err == nil {
		t.Error("cancelled, it plays")
	}
	if play, err := newPreview(nil); play != nil || err != nil {
		t.Errorf("nobody said where Prometheus is: %v", err)
	}
}
