package contract

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"faas/e2e/stock"
)

// The test of many calls: so many, of so many clients at once.
const (
	churnCalls   = 10_000
	churnClients = 20
	ownFunctions = 4 // that a client makes and removes
	ownSecrets   = 2
)

// tenThousand has many clients make, change, use and remove functions and secrets of their own, and some that they
// fight about. Each knows what the answers must be for its own; nothing may be left, and nothing may go wrong.
func tenThousand(t *test) {
	before, err := t.Inventory(t.Context())
	t.must("take inventory", err)
	goroutines, err := t.Goroutines(t.Context())
	t.must("count goroutines", err)
	began := time.Now()
	var clients sync.WaitGroup
	told := &tally{counts: map[string]int{}}
	for i := range churnClients {
		seeded := rand.New(rand.NewPCG(1, uint64(i))) // the same each time
		// Calls holds the answers to the description; here that would take as much processor time as the gateway does.
		age := stock.Ages()[i%3]
		c := &churner{test: t, c: stock.New(t.Gateway(), age, t.User, t.Password), id: i, rand: seeded, tally: told}
		clients.Go(func() {
			for range churnCalls / churnClients {
				c.next(t.Context())
			}
			c.clean(t.Context())
			c.c.Close()
		})
	}
	clients.Wait()
	t.Logf("%d calls in %s:%s", churnCalls, time.Since(began).Round(time.Millisecond), told)
	for _, fault := range told.faults[:min(20, len(told.faults))] {
		t.Error(fault)
	}
	if n := len(told.faults); n > 20 {
		t.Errorf("and %d more", n-20)
	}
	t.nothingLeft(before, goroutines)
}

// nothingLeft waits until what drains has gone.
func (t *test) nothingLeft(before []string, goroutines int) {
	var left []string
	t.eventually("nothing is left", func() error {
		after, err := t.Inventory(t.Context())
		if err != nil {
			return err
		}
		left = slices.DeleteFunc(after, func(one string) bool { return slices.Contains(before, one) })
		if len(left) > 0 {
			return fmt.Errorf("%d left: %s", len(left), strings.Join(left[:min(10, len(left))], "; "))
		}
		return nil
	})
	const more = 20 // what else goes on in the gateway has some too
	last := 0
	t.eventually("goroutines are as many as before", func() error {
		return t.goroutines(func(n int) bool { last = n; return n <= goroutines+more }, "want at most %d more than %d", more, goroutines)
	})
	t.Logf("%d goroutines, %d before", last, goroutines)
}

// tally counts calls and keeps what was wrong with some.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
	faults []string
}

func (t *tally) String() string {
	var all []string
	for what, n := range t.counts {
		all = append(all, fmt.Sprintf(" %s %d", what, n))
	}
	sort.Strings(all)
	return strings.Join(all, ",")
}

// churner is one client. It alone touches its functions and secrets, so it knows whether they are there.
type churner struct {
	*test
	c     *stock.Client
	id    int
	rand  *rand.Rand
	tally *tally

	functions [ownFunctions]bool
	uses      [ownFunctions]int // 1 and up: the secret that a function names
	awake     [ownFunctions]bool
	secrets   [ownSecrets]bool
}

// expect notes one call. statuses are those that may be; 0 is success.
func (c *churner) expect(what string, err error, statuses ...int) {
	code := stock.Code(err)
	c.tally.mu.Lock()
	defer c.tally.mu.Unlock()
	c.tally.counts[what]++
	if err != nil && code == 0 || !slices.Contains(statuses, code) {
		c.tally.faults = append(c.tally.faults, fmt.Sprintf("client %d, %s: %v, want one of %v", c.id, what, err, statuses))
	}
}

// there is success for what exists, and 404 for what does not.
func there(is bool) int {
	if is {
		return 0
	}
	return http.StatusNotFound
}

func (c *churner) function(i int) string { return fmt.Sprintf("%schurn-%d-%d", c.Prefix, c.id, i) }
func (c *churner) secret(i int) string   { return fmt.Sprintf("%schurn-%d-%d", c.Prefix, c.id, i) }

// next makes one call.
func (c *churner) next(ctx context.Context) {
	i, n := c.rand.IntN(ownFunctions), c.rand.IntN(100)
	switch {
	case n < 12:
		c.list(ctx)
	case n < 40:
		f, err := c.c.Describe(ctx, c.function(i), "")
		c.expect("describe", err, there(c.functions[i]))
		if err == nil && f.Name != c.function(i) {
			c.expect("describe", fmt.Errorf("it is %s", f.Name))
		}
	case n < 52:
		c.deploy(ctx, i)
	case n < 58:
		c.remove(ctx, i)
	case n < 68:
		count := uint64(0)
		if c.awake[i] {
			count = 1
		}
		c.expect("scale", c.c.Scale(ctx, c.function(i), "", count), there(c.functions[i]))
	case n < 78:
		c.changeSecret(ctx, c.rand.IntN(ownSecrets))
	case n < 83:
		_, err := read(ctx, c.c, stock.LogRequest{Name: c.function(i), Tail: 5})
		c.expect("logs", err, there(c.functions[i]))
	case n < 90:
		if c.functions[i] && !c.awake[i] {
			c.expect("version", errorOf(c.c.Info(ctx)), 0)
			return
		}
		_, err := c.c.Invoke(ctx, stock.Invocation{Name: c.function(i), Body: []byte("x")})
		c.expect("invoke", err, there(c.functions[i]))
	case n < 95:
		_, err := c.c.Secrets(ctx, "")
		c.expect("list secrets", err, 0)
	default:
		c.fight(ctx)
	}
}

// errorOf is the error of a call whose answer is no matter.
func errorOf[T any](_ T, err error) error { return err }

func (c *churner) list(ctx context.Context) {
	list, err := c.c.List(ctx, "")
	c.expect("list", err, 0)
	if err != nil {
		return
	}
	for i, is := range c.functions {
		if shown := slices.ContainsFunc(list, func(f stock.Function) bool { return f.Name == c.function(i) }); shown != is {
			c.expect("list", fmt.Errorf("%s is in it: %t", c.function(i), shown))
		}
	}
}

// deploy makes or changes a function, as the client finds out itself.
func (c *churner) deploy(ctx context.Context, i int) {
	s := stock.Spec{Name: c.function(i), Image: c.Image, Process: "cat", Env: map[string]string{}, Labels: map[string]string{}}
	if !c.functions[i] {
		c.awake[i] = c.rand.Float64() < c.Awake
	}
	if !c.awake[i] {
		s.Labels["com.openfaas.scale.min"] = "0"
	}
	if c.rand.IntN(2) == 0 {
		s.Labels["team"] = fmt.Sprint(c.rand.IntN(3))
	} else if !c.awake[i] || c.rand.IntN(4) == 0 {
		s.Env["round"] = fmt.Sprint(c.rand.IntN(3))
	}
	uses := 0
	if at := c.rand.IntN(ownSecrets); c.secrets[at] && !c.awake[i] {
		uses, s.Secrets = at+1, []string{c.secret(at)}
	}
	err := c.c.Deploy(ctx, s)
	c.expect("deploy", err, 0)
	if err == nil {
		c.functions[i], c.uses[i] = true, uses
	}
}

func (c *churner) remove(ctx context.Context, i int) {
	err := c.c.Remove(ctx, c.function(i), "")
	c.expect("remove", err, there(c.functions[i]))
	if err == nil {
		c.functions[i], c.uses[i] = false, 0
	}
}

func (c *churner) changeSecret(ctx context.Context, i int) {
	s := stock.Secret{Name: c.secret(i), Value: fmt.Sprint(c.rand.Int())}
	switch c.rand.IntN(3) {
	case 0:
		err, want := c.c.CreateSecret(ctx, s), 0
		if c.secrets[i] {
			want = http.StatusConflict
		}
		c.expect("create secret", err, want)
		c.secrets[i] = true
	case 1:
		c.expect("update secret", c.c.UpdateSecret(ctx, s), there(c.secrets[i]))
	default:
		want := there(c.secrets[i])
		if slices.Contains(c.uses[:], i+1) {
			want = http.StatusConflict
		}
		err := c.c.RemoveSecret(ctx, s.Name, "")
		c.expect("remove secret", err, want)
		if err == nil {
			c.secrets[i] = false
		}
	}
}

// fight does something to what other clients do something to as well.
func (c *churner) fight(ctx context.Context) {
	name := fmt.Sprintf("%sshared-%d", c.Prefix, c.rand.IntN(2))
	s := stock.Spec{
		Name: name, Image: c.Image, Process: "cat", Labels: map[string]string{"com.openfaas.scale.min": "0", "by": fmt.Sprint(c.id)},
	}
	ok, gone, both := 0, http.StatusNotFound, http.StatusConflict
	switch c.rand.IntN(4) {
	case 0:
		c.expect("deploy shared", c.c.Post(ctx, s), ok, both)
	case 1:
		c.expect("update shared", c.c.Put(ctx, s), ok, gone, both)
	case 2:
		c.expect("scale shared", c.c.Scale(ctx, name, "", 0), ok, gone, both)
	default:
		c.expect("remove shared", c.c.Remove(ctx, name, ""), ok, gone)
	}
}

// clean removes all that is left of the client's.
func (c *churner) clean(ctx context.Context) {
	for i, is := range c.functions {
		if is {
			c.remove(ctx, i)
		}
	}
	for i, is := range c.secrets {
		if is {
			c.expect("remove secret", c.c.RemoveSecret(ctx, c.secret(i), ""), 0)
		}
	}
	for i := range 2 {
		err := c.c.Remove(ctx, fmt.Sprintf("%sshared-%d", c.Prefix, i), "")
		c.expect("remove shared", err, 0, http.StatusNotFound)
	}
}
