package contract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"faas/e2e/stock"
)

// talker is a process that writes what it reads to its log, and answers nothing.
const talker = `sh -c "cat >&2"`

// say has a function write a line.
func (t *test) say(c *stock.Client, name, line string) {
	t.Helper()
	_, err := c.Invoke(t.Context(), stock.Invocation{Name: name, Body: []byte(line + "\n")})
	t.must("invoke", err)
}

// read reads a log to its end.
func read(ctx context.Context, c *stock.Client, r stock.LogRequest) ([]stock.LogMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	var all []stock.LogMessage
	err := c.Logs(ctx, r, func(m stock.LogMessage) bool {
		all = append(all, m)
		return true
	})
	return all, err
}

// having counts the lines that have a text.
func having(all []stock.LogMessage, text string) int {
	n := 0
	for _, m := range all {
		if strings.Contains(m.Text, text) {
			n++
		}
	}
	return n
}

// logs reads what is there.
func logs(t *test) {
	c := t.client(stock.Age2025)
	s := t.spec("logs", talker)
	s.Env = map[string]string{"combine_output": "false"}
	t.deploy(c, s)
	for i := range 10 {
		t.say(c, s.Name, fmt.Sprintf("line %d of it", i))
	}
	var all []stock.LogMessage
	t.eventually("ten lines are shown", func() error {
		var err error
		all, err = read(t.Context(), c, stock.LogRequest{Name: s.Name, Namespace: "openfaas-fn", Tail: -1})
		if n := having(all, " of it"); err == nil && n != 10 {
			err = fmt.Errorf("%d of them", n)
		}
		return err
	})
	for i, m := range all {
		if m.Name != s.Name || m.Namespace != "openfaas-fn" || i > 0 && m.Timestamp.Before(all[i-1].Timestamp) {
			t.Errorf("line %d is %+v", i, m)
		}
	}
	tail, err := read(t.Context(), c, stock.LogRequest{Name: s.Name, Tail: 3})
	if err != nil || len(tail) != 3 || tail[2] != all[len(all)-1] {
		t.Errorf("the last three: %+v, %v", tail, err)
	}
	one, err := read(t.Context(), c, stock.LogRequest{Name: s.Name, Instance: all[0].Instance})
	if err != nil || having(one, " of it") != 10 {
		t.Errorf("of instance %s: %d lines, %v", all[0].Instance, len(one), err)
	}
	later, err := read(t.Context(), c, stock.LogRequest{Name: s.Name, Since: time.Now().Add(time.Hour)})
	if err != nil || len(later) != 0 {
		t.Errorf("of the future: %+v, %v", later, err)
	}
	for _, age := range stock.Ages()[1:] {
		if sooner, err := read(t.Context(), t.client(age), stock.LogRequest{Name: s.Name, Since: all[0].Timestamp.Add(-second)}); err != nil ||
			having(sooner, " of it") != 10 {
			t.Errorf("%s: since the first: %d lines, %v", age, len(sooner), err)
		}
	}
	_, err = read(t.Context(), c, stock.LogRequest{Name: t.Prefix + "none"})
	t.code("the log of what is not there", err, http.StatusNotFound)
}

var errHeard = errors.New("heard")

// logsFollowed follows a log from before its lines are written, by faas-cli and by go-sdk, and leaves.
func logsFollowed(t *test) {
	c := t.client(stock.Age2025)
	s := t.spec("followed", talker)
	s.Env = map[string]string{"combine_output": "false"}
	t.deploy(c, s)
	t.say(c, s.Name, "said before")
	followers := map[string]func(context.Context, stock.LogRequest, func(stock.LogMessage) bool) error{
		"faas-cli": c.Logs, "go-sdk": c.SDK().Logs,
	}
	for who, follow := range followers {
		ctx, cancel := context.WithCancelCause(t.Context())
		lines := make(chan stock.LogMessage, 1000)
		ended := make(chan error, 1)
		go func() {
			ended <- follow(ctx, stock.LogRequest{Name: s.Name, Follow: true, Tail: -1}, func(m stock.LogMessage) bool {
				lines <- m
				return true
			})
		}()
		hear := func(text string) {
			t.Helper()
			late := time.NewTimer(bound)
			defer late.Stop()
			for {
				select {
				case m := <-lines:
					if strings.Contains(m.Text, text) {
						return
					}
				case err := <-ended:
					t.Fatalf("%s: the log ended before %q: %v", who, text, err)
				case <-late.C:
					t.Fatalf("%s: %q is not told within %s", who, text, bound)
				}
			}
		}
		hear("said before")
		t.say(c, s.Name, "said to "+who)
		hear("said to " + who)
		cancel(errHeard)
		if err := <-ended; !errors.Is(err, context.Canceled) && !errors.Is(err, errHeard) {
			t.Errorf("%s: %v", who, err)
		}
	}
}

// logEnds follows a log until its function is removed, which is its end.
func logEnds(t *test) {
	c := t.client(stock.Age2025)
	s := t.spec("ends", talker)
	s.Env = map[string]string{"combine_output": "false"}
	t.must("deploy", c.Deploy(t.Context(), s))
	t.must("ready", c.FunctionReady(t.Context(), s.Name, "", 400, 100*time.Millisecond))
	t.say(c, s.Name, "said before")
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	removed := false
	err := c.Logs(ctx, stock.LogRequest{Name: s.Name, Follow: true}, func(m stock.LogMessage) bool {
		if !removed && strings.Contains(m.Text, "said before") {
			removed = true
			t.must("remove", c.Remove(ctx, s.Name, ""))
		}
		return true
	})
	if err != nil || !removed {
		t.Errorf("the log of a function that was removed (%t): %v, want it to end", removed, err)
	}
}

// followersLeave has many follow a log at once and leave, of whom nothing may be left in the gateway.
func followersLeave(t *test) {
	const followers, most = 50, 20 // what else goes on in the gateway has goroutines too, a few
	c := t.client(stock.Age2025)
	s := t.spec("left", talker)
	s.Env = map[string]string{"combine_output": "false"}
	t.deploy(c, s)
	t.say(c, s.Name, "said before")
	c.Close()
	before, err := t.Goroutines(t.Context())
	t.must("count goroutines", err)

	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var following, heard sync.WaitGroup
	for range followers {
		heard.Add(1)
		following.Go(func() {
			told := sync.OnceFunc(heard.Done)
			defer told()
			err := c.Logs(ctx, stock.LogRequest{Name: s.Name, Follow: true, Tail: -1}, func(stock.LogMessage) bool {
				told()
				return true
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the log ended before its follower left: %v", err)
			}
		})
	}
	heard.Wait()
	t.eventually("the gateway is busy with followers", func() error {
		return t.goroutines(func(n int) bool { return n >= before+followers }, "want %d more than %d", followers, before)
	})
	leave()
	following.Wait()
	t.eventually("nothing is left of followers", func() error {
		return t.goroutines(func(n int) bool { return n <= before+most }, "want at most %d more than %d", most, before)
	})
}

// goroutines wants the number of the gateway's to be right.
func (t *test) goroutines(right func(int) bool, want string, args ...any) error {
	n, err := t.Goroutines(t.Context())
	if err == nil && !right(n) {
		err = fmt.Errorf("%d goroutines, %s", n, fmt.Sprintf(want, args...))
	}
	return err
}
