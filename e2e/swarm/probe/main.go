// Command probe is a function that tries to reach things: it reads a URL and tells what answers there.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	url, err := io.ReadAll(os.Stdin)
	if err == nil {
		var status string
		if status, err = get(strings.TrimSpace(string(url))); err == nil {
			fmt.Println("answered", status)
			return
		}
	}
	fmt.Println("nothing:", err)
}

// get returns the status line of the answer.
func get(url string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	res, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		return "", err
	}
	return res.Status, res.Body.Close()
}
