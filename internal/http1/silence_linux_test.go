package http1

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pair is a watched connection and its other end.
func pair(t *testing.T, look, longest time.Duration) (watched, other net.Conn) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if watched, err = watch(c, look, longest); err != nil {
		t.Fatal(err)
	}
	if other, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { watched.Close(); other.Close() })
	return watched, other
}

// TestNoRoomIsNoSilence holds that the connection of a function that does not read its body for long is kept.
func TestNoRoomIsNoSilence(t *testing.T) {
	const body = 64 << 20 // more than both kernels hold
	watched, other := pair(t, 20*time.Millisecond, 100*time.Millisecond)
	sent := make(chan error, 1)
	go func() {
		_, err := watched.Write(make([]byte, body))
		sent <- err
	}()
	answered := make(chan error, 1)
	go func() {
		_, err := watched.Read(make([]byte, 1))
		answered <- err
	}()
	select { // the function takes its time
	case err := <-answered:
		t.Fatalf("given up: %v", err)
	case err := <-sent:
		t.Fatalf("all is sent: %v", err)
	case <-time.After(2 * time.Second):
	}
	if n, err := io.CopyN(io.Discard, other, body); err != nil {
		t.Fatalf("%d bytes arrived: %v", n, err)
	}
	if _, err := other.Write([]byte("!")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-sent, <-answered); err != nil {
		t.Error(err)
	}
}

// TestUnanswered holds what of a connection's state counts as silence.
func TestUnanswered(t *testing.T) {
	now := time.Now()
	long, short := now.Add(-time.Minute), now.Add(-time.Second)
	for name, c := range map[string]struct {
		since time.Time
		info  unix.TCPInfo
		want  time.Time
	}{
		"idle for long":                    {time.Time{}, unix.TCPInfo{Last_ack_recv: 60_000}, time.Time{}},
		"just sent, after long":            {time.Time{}, unix.TCPInfo{Unacked: 1, Last_ack_recv: 60_000}, time.Time{}},
		"sent again":                       {time.Time{}, unix.TCPInfo{Unacked: 1, Retransmits: 1, Last_ack_recv: 60_000}, now},
		"sent again, and again":            {short, unix.TCPInfo{Unacked: 1, Retransmits: 3, Last_ack_recv: 60_000}, short},
		"much is lost and some comes":      {long, unix.TCPInfo{Unacked: 9, Retransmits: 3, Last_ack_recv: 10}, now},
		"no room, probes are answered":     {long, unix.TCPInfo{Last_ack_recv: 30_000}, time.Time{}},
		"no room, a probe is lost":         {short, unix.TCPInfo{Probes: 1, Last_ack_recv: 30_000}, time.Time{}},
		"no room, probes are not answered": {short, unix.TCPInfo{Probes: 2, Last_ack_recv: 30_000}, short},
		"it answered at last":              {short, unix.TCPInfo{Last_ack_recv: 10}, time.Time{}},
	} {
		if got := unanswered(c.since, now, &c.info); !got.Equal(c.want) {
			t.Errorf("%s: since %s, want %s", name, now.Sub(got), now.Sub(c.want))
		}
	}
}
