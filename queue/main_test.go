package queue

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"faas/function"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("QUEUE_TEST_DIR"); dir != "" {
		acceptForTest(dir) // this process is a helper of TestAcceptedIsStored
		return
	}
	goleak.VerifyTestMain(m)
}

// acceptForTest accepts a call, says so, and waits to be killed.
func acceptForTest(dir string) {
	q, err := New(Options{
		Dir: dir, Gateway: "http://127.0.0.1:1", Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Limit: func(string) (int, bool) { return 1, true },
	})
	if err != nil {
		panic(err)
	}
	go func() { panic(q.Run(context.Background())) }()
	tick := time.NewTicker(10 * time.Millisecond)
	for n := 1; n <= 3; {
		err := q.Enqueue(context.Background(), function.Call{
			ID: fmt.Sprint("call-", n), Function: "kept", Method: "POST", Path: "/", Body: []byte("precious"),
		})
		if err != nil {
			<-tick.C
			continue
		}
		fmt.Println("accepted", n)
		n++
	}
	select {}
}
