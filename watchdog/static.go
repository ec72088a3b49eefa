package watchdog

import (
	"context"
	"net/http"
)

// A fileServer serves a directory.
type fileServer struct{ handler http.Handler }

func newFileServer(dir string) *fileServer {
	return &fileServer{handler: http.FileServer(http.Dir(dir))}
}

func (f *fileServer) invoke(res *response, r *http.Request) error {
	f.handler.ServeHTTP(res, r)
	return nil
}

func (f *fileServer) ready() bool { return true }

func (f *fileServer) run(ctx context.Context) { <-ctx.Done() }
