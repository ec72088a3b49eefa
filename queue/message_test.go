package queue

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"faas/function"
)

func TestMessage(t *testing.T) {
	at := time.Date(2026, 11, 1, 2, 3, 4, 5, time.UTC)
	for _, c := range []function.Call{
		{Function: "f", Method: "POST", Path: "/", Header: http.Header{}, Body: []byte{}, AcceptedAt: at},
		{
			ID: "id", Function: "a.b_c-d", Method: "PUT", Path: "/%2F/x", Query: "a=b?c", AcceptedAt: at, Callback: "https://h/x?y",
			Header: http.Header{"A": {"1", "", "\xff"}, "B": {"x: y"}}, Body: []byte("\r\n\r\nPOST / HTTP/1.1"),
		},
	} {
		m, err := encode(c)
		if err != nil {
			t.Fatal(err)
		}
		if m.Subject == callPrefix+"a.b_c-d" {
			t.Error("the dot makes the subject one of two parts")
		}
		got, err := decode(m.Header, m.Data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, got); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
	}
	if functionOf(token("a.b~")) != "a.b." || functionOf(token("a.b")) != "a.b" {
		t.Error("a name does not survive as a token")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("POST /a?b HTTP/1.1\r\nA: b\r\n\r\nbody"))
	f.Add([]byte("POST / HTTP/1.1\r\n\r\n"))
	f.Add([]byte("\r\n\r\n"))
	f.Add([]byte("\x01 / HTTP/1.1\r\n\r\n"))
	h := nats.Header{functionHeader: {"f"}, acceptedHeader: {time.Unix(0, 0).UTC().Format(time.RFC3339Nano)}}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := decode(h, data)
		if err != nil {
			return
		}
		again, err := encode(c)
		if err != nil {
			t.Fatalf("%q was read as what cannot be written: %v", data, err)
		}
		if _, err := decode(again.Header, again.Data); err != nil {
			t.Fatalf("%q was read and written as %q, which cannot be read: %v", data, again.Data, err)
		}
	})
}
