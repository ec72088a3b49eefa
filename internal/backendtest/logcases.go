package backendtest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"faas/function"
)

// logTests hold a backend to how it shows what replicas wrote.
func logTests() []test {
	return []test{
		{"logs are shown in order", logsShown},
		{"the tail of logs is that of all replicas", logsTail},
		{"logs of nobody", logsOfNobody},
		{"logs of a function that slept", logsOfTheGone},
		{"logs are followed without loss or repetition", logsFollowed},
		{"logs are followed from what there is on, until the function is gone", logsFollowedFromTail},
		{"logs end with emit, context and backend", logsEnd},
		{"logs of any text", logsOfAnyText},
	}
}

func logsShown(s *suite) {
	st, want := s.logged("logs", 3, 2)
	got := marked(s.logs(function.LogQuery{Name: st.Name}), "line ")
	s.wantTexts("all", got, want)
	for i, l := range got {
		if id := st.Replicas[i%3].ID; l.Instance != id {
			s.Errorf("line %q is said to be of %s, want %s", l.Text, l.Instance, id)
		}
		if age := time.Since(l.Time); age < -time.Minute || age > 10*time.Minute {
			s.Errorf("line %q has the time %s", l.Text, l.Time)
		}
	}
	second := st.Replicas[1].ID
	s.wantTexts("those of one replica", marked(s.logs(function.LogQuery{Name: st.Name, Instance: second}), "line "),
		[]string{"line 1 0", "line 1 1"})
	since := got[3].Time
	s.wantTexts("since a line", marked(s.logs(function.LogQuery{Name: st.Name, Since: since}), "line "), want[3:])
	s.wantTexts("since right after it", marked(s.logs(function.LogQuery{Name: st.Name, Since: since.Add(1)}), "line "), want[4:])
	s.wantTexts("since later", s.logs(function.LogQuery{Name: st.Name, Since: time.Now().Add(time.Hour)}), []string{})
}

func logsTail(s *suite) {
	st, _ := s.logged("tail", 2, 3)
	all := s.settled(st.Name)
	for _, n := range []int{1, 2, 3, 4, len(all), len(all) + 1, 100_000} {
		want := all[max(0, len(all)-n):]
		got := s.logs(function.LogQuery{Name: st.Name, Tail: n})
		s.wantTexts(fmt.Sprintf("the last %d", n), got, texts(want))
	}
	one := s.logs(function.LogQuery{Name: st.Name, Instance: st.Replicas[0].ID})
	got := s.logs(function.LogQuery{Name: st.Name, Instance: st.Replicas[0].ID, Tail: 2})
	s.wantTexts("the last 2 of one replica", got, texts(one[len(one)-2:]))
}

// settled is what there is once no more comes: watchdogs write of a call when it is over.
func (s *suite) settled(name string) []function.LogLine {
	s.Helper()
	lines := s.logs(function.LogQuery{Name: name})
	for calm := 0; calm < 5; {
		pause := time.NewTimer(100 * time.Millisecond)
		<-pause.C
		now := s.logs(function.LogQuery{Name: name})
		if calm++; len(now) != len(lines) {
			calm = 0
		}
		lines = now
	}
	return lines
}

func logsOfNobody(s *suite) {
	l := s.Backend
	never := func(l function.LogLine) error { return fmt.Errorf("a line %q of nobody", l.Text) }
	for _, follow := range []bool{false, true} {
		err := l.Logs(s.ctx(), function.LogQuery{Name: s.name("nobody"), Follow: follow}, never)
		s.want("Logs of an unknown function", err, function.ErrNotFound)
	}
	st, _ := s.logged("known", 1, 1)
	for _, id := range []string{"nobody", "no/../body", st.Replicas[0].ID + "x"} {
		s.must("Logs of an unknown instance", l.Logs(s.ctx(), function.LogQuery{Name: st.Name, Instance: id}, never))
	}
	s.must("Remove", s.Backend.Remove(s.ctx(), st.Name))
	s.want("Logs of a removed function", l.Logs(s.ctx(), function.LogQuery{Name: st.Name}, never), function.ErrNotFound)
	s.Stop()
	s.want("Logs after the end", l.Logs(s.ctx(), function.LogQuery{Name: st.Name}, never), function.ErrUnavailable)
}

func logsOfTheGone(s *suite) {
	st, _ := s.logged("gone", 1, 1)
	s.scale(st.Name, 0)
	s.awaitReady(st.Name, 0)
	s.logs(function.LogQuery{Name: st.Name}) // whatever is kept of it: it is no error
	seen := s.tail(function.LogQuery{Name: st.Name, Tail: 1})
	s.scale(st.Name, 1)
	r := s.awaitReady(st.Name, 1).Replicas[0]
	s.write(r, "line of the new one")
	s.logsWith(function.LogQuery{Name: st.Name}, "line of the new one")
	seen.await("line of the new one")
}

// logsFollowed has two replicas write numbered lines before, while and after a query with Follow begins.
func logsFollowed(s *suite) {
	const before, after, lines = 5, 400, 20
	f := s.writer("steady")
	s.deploy(f)
	s.scale(f.Name, 2)
	st := s.awaitReady(f.Name, 2)
	type wrote struct {
		replica string
		n       int
		err     error
	}
	begun, stop, done := make(chan struct{}, 2), make(chan struct{}), make(chan wrote, 2)
	for _, r := range st.Replicas {
		go func() {
			w := wrote{replica: r.ID}
			for ; w.err == nil; w.n += lines {
				select {
				case <-stop:
					done <- w
					return
				default:
				}
				var body []string
				for i := range lines {
					body = append(body, fmt.Sprintf("count %d", w.n+i))
				}
				if w.err = s.say(r, body...); w.n == before*lines {
					begun <- struct{}{}
				}
			}
			done <- w
		}()
	}
	for range st.Replicas {
		select {
		case <-begun:
		case w := <-done:
			close(stop)
			s.Fatalf("a call: %v", w.err)
		}
	}
	seen := s.tail(function.LogQuery{Name: f.Name, Tail: 50})
	seen.awaitMany(after)
	close(stop)
	for range st.Replicas {
		w := <-done
		s.must("Call", w.err)
		r := st.Replicas[slices.IndexFunc(st.Replicas, func(r function.Replica) bool { return r.ID == w.replica })]
		s.write(r, "count "+strconv.Itoa(w.n), "the last of "+r.ID)
		s.wantUnbroken(seen.await("the last of "+r.ID), r.ID, w.n)
	}
}

// wantUnbroken holds the numbers of a replica's lines to be in order, without gap or repetition, up to the last.
func (s *suite) wantUnbroken(got []function.LogLine, id string, last int) {
	s.Helper()
	next := -1
	for _, l := range marked(got, "count ") {
		if l.Instance != id {
			continue
		}
		n, err := strconv.Atoi(strings.TrimPrefix(l.Text, "count "))
		if err != nil {
			s.Fatal(err)
		}
		if next >= 0 && n != next {
			s.Fatalf("line %d of %s came when %d was due", n, id, next)
		}
		next = n + 1
	}
	if next != last+1 {
		s.Errorf("the lines of %s ended before %d, want %d", id, next, last+1)
	}
}

func logsFollowedFromTail(s *suite) {
	st, want := s.logged("from-tail", 2, 2)
	seen := s.tail(function.LogQuery{Name: st.Name})
	s.wantTexts("what there was", marked(seen.await(want[3]), "line "), want)
	only := s.tail(function.LogQuery{Name: st.Name, Instance: st.Replicas[1].ID, Since: time.Now().Add(-time.Hour)})
	s.wantTexts("what there was of one", marked(only.await(want[3]), "line "), []string{want[1], want[3]})
	s.scale(st.Name, 3)
	later := s.awaitReady(st.Name, 3)
	i := slices.IndexFunc(later.Replicas, func(r function.Replica) bool { return !slices.Contains(ids(st), r.ID) })
	s.write(later.Replicas[i], "line of a later one")
	got := seen.await("line of a later one")
	if l := got[len(got)-1]; l.Text == "line of a later one" && l.Instance != later.Replicas[i].ID {
		s.Errorf("the later one's line is said to be of %s, want %s", l.Instance, later.Replicas[i].ID)
	}
	s.write(st.Replicas[1], "line of the second")
	s.wantTexts("followed", marked(seen.await("line of the second"), "line "), append(want, "line of a later one", "line of the second"))
	s.wantTexts("followed of one", marked(only.await("line of the second"), "line "), []string{want[1], want[3], "line of the second"})
	s.must("Remove", s.Backend.Remove(s.ctx(), st.Name))
	s.must("Logs that follow a function when it is removed", seen.result())
	s.must("Logs that follow a replica when the function is removed", only.result())
}

func logsEnd(s *suite) {
	st, _ := s.logged("ends", 1, 3)
	refused := errors.New("no more")
	for _, follow := range []bool{false, true} {
		calls := 0
		ctx, cancel := context.WithTimeout(s.ctx(), s.Within)
		err := s.Backend.Logs(ctx, function.LogQuery{Name: st.Name, Follow: follow}, func(function.LogLine) error {
			calls++
			return refused
		})
		if err != refused || calls != 1 { //nolint:errorlint // as it is
			s.Errorf("follow %t: %d calls of an emit that fails, and the error %v", follow, calls, err)
		}
		cancel()
		err = s.Backend.Logs(ctx, function.LogQuery{Name: st.Name, Follow: follow}, func(function.LogLine) error { return nil })
		if !errors.Is(err, context.Canceled) {
			s.Errorf("follow %t: Logs with a context that ended: %v", follow, err)
		}
	}
	followed := s.tail(function.LogQuery{Name: st.Name})
	followed.await("line 0 2")
	s.Stop()
	s.want("Logs that follow when the backend ends", followed.result(), function.ErrUnavailable)
}

// ofWatchdog are lines by which a watchdog tells of a call, which may come before the function's last.
var ofWatchdog = regexp.MustCompile(`^\d+/\d+/\d+ .* (Forking fprocess|Wrote \d+ Bytes)`)

func logsOfAnyText(s *suite) {
	f := s.writer("texts")
	s.deploy(f)
	r := s.awaitReady(f.Name, 1).Replicas[0]
	var numbers strings.Builder
	for i := 0; numbers.Len() < 200_000; i++ {
		fmt.Fprint(&numbers, i, " ")
	}
	long := "long " + numbers.String() + "end"
	s.write(r, "text with a return\r", "", "text \x00 of \xff bytes", "text of three words: äöü €", long, "text at the end")
	lines := s.logsWith(function.LogQuery{Name: f.Name}, "text at the end")
	first := slices.Index(texts(lines), "text with a return")
	if first < 0 {
		s.Fatalf("no line without its return in %.500q", texts(lines))
	}
	got := slices.DeleteFunc(texts(lines[first:]), ofWatchdog.MatchString)
	if len(got) < 6 {
		s.Fatalf("lines are missing: %.500q", got)
	}
	for i, want := range []string{"text with a return", "", "text \x00 of \uFFFD bytes", "text of three words: äöü €"} {
		if strings.ToValidUTF8(got[i], "\uFFFD") != want {
			s.Errorf("line %d is %q, want %q", i, got[i], want)
		}
	}
	joined := ""
	last := slices.Index(got, "text at the end")
	for _, text := range got[4:last] {
		if len(text) > maxLogText {
			s.Errorf("a piece of a long line has %d bytes", len(text))
		}
		joined += text
	}
	if joined != long {
		s.Errorf("a line of %d bytes came in %d pieces as one of %d that differs", len(long), last-4, len(joined))
	}
}
