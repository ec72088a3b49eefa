package local

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLogRecord(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 15, 0, 250731004, time.UTC)
	for _, c := range []struct {
		name, line string
		want       logRecord
	}{
		{
			"as it is written", "2026-11-23T10:15:00.250731004Z [2.5f0c22a9d001] hello [1] world",
			logRecord{at: at, replica: "2.5f0c22a9d001", text: []byte("hello [1] world")},
		},
		{
			"of a removed function", "2026-11-23T10:15:00.250731004Z [2.5f0c22a9d001 removed] x",
			logRecord{at: at, replica: "2.5f0c22a9d001", removed: true, text: []byte("x")},
		},
		{
			"without text", "2026-11-23T10:15:00.250731004Z [2.5f0c22a9d001] ",
			logRecord{at: at, replica: "2.5f0c22a9d001", text: []byte{}},
		},
	} {
		got, ok := parseRecord([]byte(c.line), 2)
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(logRecord{})); diff != "" || !ok {
			t.Errorf("%s: %t (-want +got):\n%s", c.name, ok, diff)
		}
		if written := string(c.want.append(nil)); written != c.line+"\n" {
			t.Errorf("%s is written as %q", c.name, written)
		}
	}
	// What an older version wrote stays as it was.
	for _, text := range []string{
		"hello", "", "[3.5f0c22a9d001] of another slot", "[5f0c22a9d001] GET /", "[2.5f0c22a9d001x] y", "[02.5f0c22a9d001] y",
		"[2.5f0c22a9d001", "[] x", "removed] x",
	} {
		got, ok := parseRecord([]byte("2026-11-23T10:15:00.250731004Z "+text), 2)
		if !ok || got.replica != "" || got.removed || string(got.text) != text {
			t.Errorf("%q is read as %+v, %t", text, got, ok)
		}
	}
	for _, line := range []string{"", "2026-11-23T10:15", "2026-11-23T10:15:00Z", "no time", "2026-11-23 10:15:00 x"} {
		if got, ok := parseRecord([]byte(line), 2); ok {
			t.Errorf("%q is read as %+v", line, got)
		}
	}
}

func FuzzLogRecord(f *testing.F) {
	f.Add([]byte("2026-11-23T10:15:00.25Z [2.5f0c22a9d001 removed] x"), 2)
	f.Add([]byte("2026-11-23T10:15:00Z x"), 1)
	f.Fuzz(func(t *testing.T, line []byte, slot int) {
		r, ok := parseRecord(line, slot)
		if !ok || r.replica == "" {
			return
		}
		again, ok := parseRecord(bytes.TrimSuffix(r.append(nil), []byte("\n")), slot)
		if !ok || !again.at.Equal(r.at) || again.replica != r.replica || again.removed != r.removed || !bytes.Equal(again.text, r.text) {
			t.Errorf("%q is read as %+v, and written and read again as %+v", line, r, again)
		}
	})
}
