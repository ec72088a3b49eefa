package main

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/coder/websocket"
)

// talk sends each line of in and prints the answer to it.
func talk(ctx context.Context, address string, in io.Reader, out io.Writer) error {
	conn, res, err := websocket.Dial(ctx, address, nil) //nolint:bodyclose // the library closes it
	if err != nil {
		if res != nil {
			return fmt.Errorf("%s answered %s in place of a WebSocket", address, res.Status)
		}
		return fmt.Errorf("cannot reach %s: %w", address, err)
	}
	defer func() { _ = conn.CloseNow() }() // unless it is closed already
	conn.SetReadLimit(maxMessage)
	for lines := bufio.NewScanner(in); ; {
		if !lines.Scan() {
			if lines.Err() != nil {
				return fmt.Errorf("read what to send: %w", lines.Err())
			}
			return conn.Close(websocket.StatusNormalClosure, "")
		}
		if err := conn.Write(ctx, websocket.MessageText, lines.Bytes()); err != nil {
			return fmt.Errorf("send: %w", err)
		}
		_, message, err := conn.Read(ctx)
		if err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		if _, err := fmt.Fprintf(out, "%s\n", message); err != nil {
			return err
		}
	}
}
