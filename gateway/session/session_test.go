package session

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC)

func keeper(t testing.TB, user, password string) *Keeper {
	t.Helper()
	k, err := New(user, password)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestToken(t *testing.T) {
	k := keeper(t, "admin", "secret")
	s := k.Begin(now)
	token := k.Token(s)
	again := keeper(t, "admin", "secret") // another gateway, or this one after a restart
	got, err := again.Open(token, now.Add(Lasts-time.Second))
	if err != nil || got.User != "admin" || !got.Ends.Equal(now.Add(Lasts)) || !got.Began.Equal(now) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := again.Open(token, now.Add(Lasts)); !errors.Is(err, ErrEnded) {
		t.Errorf("at its end: %v", err)
	}
	for name, other := range map[string]*Keeper{"password": keeper(t, "admin", "changed"), "user": keeper(t, "root", "secret")} {
		if _, err := other.Open(token, now); err == nil {
			t.Errorf("it is good with another %s", name)
		}
	}
}

// TestForged changes each byte of a token, each of its characters, and its length.
func TestForged(t *testing.T) {
	k := keeper(t, "admin", "secret")
	token := k.Token(k.Begin(now))
	raw, err := encoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for bit := range 8 {
			raw[i] ^= 1 << bit
			if _, err := k.Open(encoding.EncodeToString(raw), now); err == nil {
				t.Errorf("byte %d, bit %d", i, bit)
			}
			raw[i] ^= 1 << bit
		}
	}
	for i := range token {
		other := "A"
		if token[i] == 'A' {
			other = "B"
		}
		if _, err := k.Open(token[:i]+other+token[i+1:], now); err == nil {
			t.Errorf("character %d", i)
		}
	}
	for _, bad := range []string{"", token[1:], token + "A", token + "=", strings.Repeat("A", len(token)), strings.Repeat("é", len(token)/2)} {
		if _, err := k.Open(bad, now); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestRenewal(t *testing.T) {
	k := keeper(t, "admin", "secret")
	s := k.Begin(now)
	if want := now.Add(Lasts / 2); !s.Due().Equal(want) {
		t.Errorf("due %s, want %s", s.Due(), want)
	}
	for range 100 { // used all the time
		at := s.Due()
		if !at.Before(s.Ends) {
			break
		}
		s = k.Renew(s, at)
	}
	if !s.Ends.Equal(now.Add(Longest)) || !s.Began.Equal(now) {
		t.Errorf("it ends %s after it began", s.Ends.Sub(now))
	}
}

// FuzzOpen checks that only what Token made is taken, and is read as it was made.
func FuzzOpen(f *testing.F) {
	k := keeper(f, "admin", "secret")
	f.Add(k.Token(k.Begin(now)))
	f.Add("")
	f.Add(strings.Repeat("_", encoding.EncodedLen(tokenSize)))
	b := make([]byte, tokenSize)
	b[0] = version
	binary.BigEndian.PutUint64(b[9:], 1<<63)
	f.Add(encoding.EncodeToString(b))
	f.Fuzz(func(t *testing.T, token string) {
		s, err := k.Open(token, now)
		if err == nil && k.Token(s) != token {
			t.Errorf("%q was taken, and is not what was made", token)
		}
	})
}

func TestAttempts(t *testing.T) {
	var a Attempts
	from, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for i := range 20 { // good ones do not count
		wait, good := a.Try(from, now)
		if wait > 0 {
			t.Fatalf("good attempt %d must wait %s", i, wait)
		}
		good()
	}
	for i := range triesAtOnce {
		if wait, _ := a.Try(from, now); wait > 0 {
			t.Fatalf("attempt %d must wait %s", i, wait)
		}
	}
	for range 3 { // refused ones do not make it worse
		if wait, _ := a.Try(from, now); wait != tryEvery {
			t.Errorf("wait %s, want %s", wait, tryEvery)
		}
	}
	if wait, _ := a.Try(netip.AddrFrom16(from.As16()), now); wait == 0 {
		t.Error("the same address, written as IPv6, is another")
	}
	if wait, _ := a.Try(other, now); wait > 0 {
		t.Error("another address must wait")
	}
	if wait, _ := a.Try(from, now.Add(tryEvery)); wait > 0 {
		t.Errorf("after a while: wait %s", wait)
	}
}

func TestAttemptsFromEverywhere(t *testing.T) {
	var a Attempts
	refused := 0
	addr := netip.MustParseAddr("2001:db8::")
	for i := range 3 * maxSources {
		b := addr.As16()
		binary.BigEndian.PutUint32(b[4:], uint32(i))
		if wait, _ := a.Try(netip.AddrFrom16(b), now); wait > 0 {
			refused++
		}
	}
	if taken := 3*maxSources - refused; taken > allAtOnce {
		t.Errorf("%d were taken at once, want at most %d", taken, allAtOnce)
	}
	if len(a.sources) > maxSources {
		t.Errorf("%d addresses are remembered", len(a.sources))
	}
	if wait, _ := a.Try(netip.Addr{}, now.Add(time.Hour)); wait > 0 {
		t.Error("no address at all must wait")
	}
}
