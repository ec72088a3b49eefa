package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"faas/e2e"
)

// The load and what it needs: 10 workers at 5 requests a second each, and one replica for each 5·0.9.
const (
	loaded = "echoit"
	needed = 12 // ceil(50 / 4.5)

	stackText = `version: 1.0
provider:
  name: openfaas
functions:
  echoit:
    lang: dockerfile
    handler: ./handler
    image: example/echoit:latest
    environment:
      fprocess: cat
    labels:
      com.openfaas.scale.target: "5"
`
)

// backTimeout is how long after the end of the load a run waits for the first replica to be the last.
const backTimeout = 4 * time.Minute

// timers is one of the settings that are compared.
type timers struct {
	title, prefix string
	flags         []string // of faas up
	// load is how long hey runs; quiet how long the count must have stayed at 1 until all that the load
	// caused is over. With slow timers a decision comes long after its cause.
	load, quiet time.Duration
}

// loadRun is what one run of the load showed. Times count from the start of hey; never is -1.
type loadRun struct {
	firstChange, nearReady, fullReady, back time.Duration // nearReady: all but one
	most                                    int           // replicas asked for at most
	requests, failed                        int
	flips                                   int
}

const never = time.Duration(-1)

// measureLoad runs the load several times on one system.
func measureLoad(ctx context.Context, o options, dir string, rep *report, t timers) ([]loadRun, error) {
	sys, err := e2e.Start(ctx, e2e.Options{Bin: o.Bin, Dir: dir, Stack: stackText, Flags: t.flags})
	if err != nil {
		return nil, err
	}
	var runs []loadRun
	for i := range o.Runs {
		r, err := loadOnce(ctx, o, sys, t)
		if err != nil {
			return nil, errors.Join(err, sys.Stop())
		}
		rep.progress("run %d of %d: %s", i+1, o.Runs, r)
		runs = append(runs, r)
	}
	return runs, sys.Stop()
}

func loadOnce(ctx context.Context, o options, sys *e2e.Up, t timers) (loadRun, error) {
	stop := e2e.Record(ctx, sys)
	hey := exec.CommandContext(ctx, filepath.Join(o.Bin, "hey"),
		"-z", t.load.String(), "-c", "10", "-q", "5", sys.Gateway()+"/function/"+loaded)
	output, err := hey.CombinedOutput()
	if err != nil {
		stop()
		return loadRun{}, fmt.Errorf("hey: %w: %s", err, output)
	}
	waitErr := waitQuiet(ctx, sys, t.quiet)
	rec := stop()
	r := summarize(rec.Counts(loaded), t.load)
	if waitErr != nil {
		r.back = never
	}
	r.flips = max(0, rec.Turns(loaded)-1) // up and down again is one turn, and no flip
	r.requests, r.failed, err = readHey(string(output))
	return r, err
}

// waitQuiet waits until the function has had one replica, wanted and ready, for as long as quiet.
func waitQuiet(ctx context.Context, sys *e2e.Up, quiet time.Duration) error {
	since := time.Now()
	return sys.WaitFor(ctx, loaded, backTimeout, func(c e2e.Count) bool {
		if c.Desired != 1 || c.Ready != 1 {
			since = time.Now()
		}
		return time.Since(since) >= quiet
	})
}

// summarize finds the moments in the counts of one run.
func summarize(counts []e2e.Count, load time.Duration) loadRun {
	r := loadRun{firstChange: never, nearReady: never, fullReady: never, back: never}
	for _, c := range counts {
		if r.firstChange == never && c.Desired != 1 {
			r.firstChange = c.At
		}
		if r.nearReady == never && c.Ready >= needed-1 {
			r.nearReady = c.At
		}
		if r.fullReady == never && c.Ready >= needed {
			r.fullReady = c.At
		}
		if r.most = max(r.most, c.Desired); r.most > 1 && c.Desired == 1 {
			r.back = c.At - load
		}
	}
	return r
}

var (
	heyStatus = regexp.MustCompile(`\[(\d{3})\]\s+(\d+) responses`)
	heyError  = regexp.MustCompile(`(?m)^  \[(\d+)\]\t(.*)$`)
)

// readHey counts requests and failures in what hey printed.
func readHey(text string) (requests, failed int, err error) {
	for _, m := range heyStatus.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			return 0, 0, fmt.Errorf("read hey's report: %w", err)
		}
		if requests += n; m[1][0] != '2' {
			failed += n
		}
	}
	for _, m := range heyError.FindAllStringSubmatch(text, -1) {
		if heyStatus.MatchString(m[0]) {
			continue
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return 0, 0, fmt.Errorf("read hey's report: %w", err)
		}
		requests += n
		failed += n
	}
	if requests == 0 {
		return 0, 0, fmt.Errorf("hey reports no requests:\n%s", text)
	}
	return requests, failed, nil
}

// String shows a run in one line.
func (r loadRun) String() string {
	return fmt.Sprintf("first change %s, %d ready %s, all %d %s, back to 1 %s after the end, %d of %d requests failed, %d flips, at most %d replicas",
		moment(r.firstChange), needed-1, moment(r.nearReady), needed, moment(r.fullReady), moment(r.back), r.failed, r.requests, r.flips, r.most)
}

func moment(d time.Duration) string {
	if d == never {
		return "never"
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}
