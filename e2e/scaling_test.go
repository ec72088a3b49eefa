package e2e

import (
	"context"
	"syscall"
	"testing"
	"time"
)

// The default target is 5 rps a replica and the proportion 0.9, so 80 rps need ceil(80/4.5) = 18. What
// is measured in a fraction of a second may be off by a few in a hundred, hence 20.

func TestStepUpAndDown(t *testing.T) {
	t.Parallel()
	Play(t, startSystem(t, fn{name: "echoit"}), Scenario{
		At(0, Offer("echoit", 4)),
		During(0, 10*second, Stays("echoit", 1, 1)),
		At(10*second, Offer("echoit", 80)),
		Between(10*second, 11500*time.Millisecond, Reaches("echoit", 2, 20)),
		Between(10*second, 13*second, Reaches("echoit", 17, 20)), // from the change on, so that none is too quick
		Between(10*second, 15*second, Serves("echoit", 17)),
		During(13*second, 18*second, Stays("echoit", 17, 20)), // a second's mean is not sure of the last one, that of five is
		During(18*second, 20*second, Stays("echoit", 18, 20)),
		At(20*second, Offer("echoit", 0)),
		During(20*second, 45*second, Stays("echoit", 18, 20)), // the down window holds
		Between(45*second, 65*second, Reaches("echoit", 1, 1)),
		During(0, 65*second, NoFailedRequest("echoit")),
		During(0, 65*second, Turns("echoit", 1)),
	})
}

func TestSteadyAtABoundary(t *testing.T) {
	t.Parallel()
	Play(t, startSystem(t, fn{name: "echoit"}, fn{name: "idle"}), Scenario{
		At(0, Offer("echoit", 4.4)), // a second replica is wanted from 4.5 on
		During(0, 60*second, Stays("echoit", 1, 2)),
		During(0, 60*second, Turns("echoit", 0)),
		During(0, 60*second, NoFailedRequest("echoit")),
		During(0, 60*second, Stays("idle", 1, 1)),
	})
}

func TestTwoTargetsAtOnce(t *testing.T) {
	t.Parallel()
	sys := startSystem(t,
		fn{name: "small", labels: []string{"target=5", "down.window=10s"}},
		fn{name: "large", labels: []string{"target=50", "down.window=10s"}},
		fn{name: "narrow", labels: []string{"target=5", "max=3", "min=2", "down.window=10s"}},
	)
	Play(t, sys, Scenario{
		Between(0, 2*second, Serves("narrow", 2)), // the minimum, before any load
		At(2*second, Offer("small", 40)),          // 40 / 4.5 → 9
		At(2*second, Offer("large", 60)),          // 60 / 45 → 2
		At(2*second, Offer("narrow", 30)),
		Between(2*second, 6*second, Reaches("small", 9, 11)),
		Between(2*second, 11*second, Reaches("large", 2, 2)), // a third more than it carries: chance for some seconds
		Between(2*second, 6*second, Reaches("narrow", 3, 3)),
		During(11*second, 18*second, Stays("large", 2, 2)),
		At(18*second, Offer("small", 0)),
		At(18*second, Offer("large", 0)),
		At(18*second, Offer("narrow", 0)),
		Between(18*second, 45*second, Reaches("small", 1, 1)),
		Between(18*second, 45*second, Reaches("large", 1, 1)),
		Between(18*second, 45*second, Reaches("narrow", 2, 2)),
		During(0, 45*second, NoFailedRequest("small")),
		During(0, 45*second, NoFailedRequest("large")),
		During(0, 45*second, NoFailedRequest("narrow")),
		During(0, 45*second, Turns("small", 1)),
		During(0, 45*second, Turns("large", 1)),
	})
}

func TestThresholdChangedWhileRunning(t *testing.T) {
	t.Parallel()
	sys := startSystem(t, fn{name: "echoit", labels: []string{"target=20", "down.window=10s"}})
	edit := func(from, to string) Action {
		return Do("target "+from+" → "+to, func(context.Context) error {
			return sys.EditStack(`scale.target: "`+from+`"`, `scale.target: "`+to+`"`)
		})
	}
	Play(t, sys, Scenario{
		At(0, Offer("echoit", 36)),
		Between(0, 12*second, Reaches("echoit", 2, 3)), // 36 / 18, told from chance by a full mean of 5 s; 3 where the first requests come in a heap
		At(12*second, edit("20", "5")),
		Between(12*second, 16*second, Reaches("echoit", 8, 9)), // 36 / 4.5
		At(25*second, edit("5", "20")),
		Between(25*second, 50*second, Reaches("echoit", 2, 3)), // one deviation more than the mean is kept
		During(0, 50*second, NoFailedRequest("echoit")),
		During(0, 50*second, Turns("echoit", 1)),
	})
}

// A dead control loop must change nothing, and a living one must go on where it stopped.
func TestControlLoopKilledUnderLoad(t *testing.T) {
	for _, program := range []string{"prometheus", "alertmanager"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			sys := startSystem(t, fn{name: "echoit", labels: []string{"down.window=10s"}})
			Play(t, sys, Scenario{
				At(0, Offer("echoit", 40)),
				Between(0, 6*second, Reaches("echoit", 9, 11)),
				At(8*second, Do("kill -9 "+program, func(context.Context) error {
					return sys.Signal(program, syscall.SIGKILL)
				})),
				During(8*second, 24*second, Stays("echoit", 9, 11)),
				At(24*second, Offer("echoit", 80)),
				Between(24*second, 30*second, Reaches("echoit", 17, 20)), // one less carries nearly all
				At(34*second, Offer("echoit", 0)),
				Between(34*second, 65*second, Reaches("echoit", 1, 1)),
				During(0, 65*second, NoFailedRequest("echoit")),
			})
		})
	}
}

// A restart of everything under load: the count is held, no client is told wrong things, and the loop
// goes on. Requests between the end of the old process and the start of the new one are refused.
func TestGatewayRestartedUnderLoad(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGKILL": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var back time.Duration
			sys := startSystem(t, fn{name: "echoit", labels: []string{"down.window=10s"}})
			rec, err := Scenario{
				At(0, Offer("echoit", 40)),
				Between(0, 6*second, Reaches("echoit", 9, 11)),
				At(10*second, Do("restart by "+name, func(ctx context.Context) error {
					begin := time.Now()
					err := sys.Restart(ctx, sig)
					back = 10*second + time.Since(begin)
					return err
				})),
				During(10*second, 40*second, Stays("echoit", 9, 12)),
				Between(10*second, 25*second, Serves("echoit", 9)),
				During(25*second, 40*second, NoFailedRequest("echoit")),
			}.Run(t.Context(), sys)
			t.Logf("back after %s\n%s", back-10*second, rec)
			if err != nil {
				t.Error(err)
			}
			failed, all := rec.Failures("echoit", 0, 40*second)
			t.Logf("%d of %d requests failed", len(failed), all)
			for _, f := range failed {
				if f.At+f.Latency < 10*second-100*time.Millisecond || f.At > back+500*time.Millisecond {
					t.Errorf("request at %s failed outside the restart: %d %s", f.At, f.Code, f.Err)
				}
			}
		})
	}
}
