package watchdog

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"faas/internal/http1"
)

// bufferSize is a pipe's capacity on Linux.
const bufferSize = 64 << 10

// A forker answers each request with a process of its own.
//
//	body ──feed──▶ stdin  process  stdout ──answer──▶ client
//	                         └─ stderr ──logs
type forker struct {
	config  Config
	cmd     command
	procs   *children
	pool    *pool // nil without pool_size
	logs    *logs
	buffers sync.Pool      // of *[]byte
	readers sync.WaitGroup // of standard error
}

func newForker(c Config, cmd command, procs *children, l *logs, log *slog.Logger) *forker {
	f := &forker{config: c, cmd: cmd, procs: procs, logs: l}
	f.buffers.New = func() any {
		b := make([]byte, bufferSize)
		return &b
	}
	if c.PoolSize > 0 {
		f.pool = newPool(c.PoolSize, procs, cmd, log)
	}
	return f
}

func (f *forker) invoke(res *response, r *http.Request) error {
	ctx, start, suffix := r.Context(), time.Now(), f.logs.suffix(r)
	input, err := f.input(r)
	if err != nil {
		return err
	}
	p, err := f.process(r)
	if err != nil {
		return err
	}
	defer f.procs.remove(p)
	if c := connOf(ctx); c != nil {
		p.hungUp = c.hungUp
	}
	f.logs.forking(suffix)
	stop := context.AfterFunc(ctx, p.kill)
	defer stop()
	if p.stderr != nil {
		f.readers.Go(func() {
			f.logs.follow(p.stderr, "stderr", suffix)
			closeAll([]*os.File{p.stderr})
		})
	}
	fed := make(chan error, 1)
	if pipeHolds(input) {
		fed <- f.feed(p, input)
	} else {
		go func() { fed <- f.feed(p, input) }()
	}

	a := newAnswer(res, r, f.config)
	var failure error
	buf := f.buffers.Get().(*[]byte)
	defer f.buffers.Put(buf)
	if f.config.Mode == ModeStreaming {
		failure = a.stream(p, *buf)
	} else {
		failure = a.collect(p, size(f.config.MaxBody))
	}
	if failure != nil {
		p.kill()
	}
	exit := p.wait()
	p.close()
	if p.stderr != nil {
		// Another process may hold it: then its lines are read for a while longer.
		_ = p.stderr.SetReadDeadline(time.Now().Add(waitDelay))
	}
	unread := finishBody(res, r, fed)
	if failure != nil || exit != nil {
		// Of several reasons the first is the cause of the others.
		err = cmp.Or(unread, interrupted(ctx), failure, exit)
		if f.config.Mode == ModeSerializing && errors.Is(err, errExit) {
			res.output = a.held.joined() // as the classic watchdog does, whose users look there for the stack trace
		}
	} else {
		err = a.end()
	}
	f.logs.answer(&a.held, suffix)
	f.logs.wrote(res.sent, time.Since(start), suffix)
	return err
}

func (f *forker) ready() bool { return true }

// run owns what outlives a request, until ctx ends.
func (f *forker) run(ctx context.Context) {
	if f.pool != nil {
		f.pool.run(ctx)
	}
	<-ctx.Done()
	f.readers.Wait()
}

// input is what the process will read.
func (f *forker) input(r *http.Request) (io.Reader, error) {
	if f.config.Mode == ModeStreaming && !f.config.MarshalRequest {
		return r.Body, nil
	}
	body, err := readBody(r, size(f.config.MaxBody))
	if err != nil {
		return nil, err
	}
	if !f.config.MarshalRequest {
		return body, nil
	}
	doc, err := marshalRequest(r.Header, body.joined())
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(doc), nil
}

func (f *forker) process(r *http.Request) (*process, error) {
	if f.pool != nil {
		return f.pool.take()
	}
	var extra []string
	if f.config.CGIHeaders {
		extra = cgiEnviron(r)
	}
	return f.procs.start(f.cmd, extra)
}

// pipeHolds reports whether a process's input can be written at once, whatever the process does: it is here, and no larger
// than the smallest pipe.
func pipeHolds(input io.Reader) bool {
	const smallest = 4 << 10
	switch in := input.(type) {
	case http1.WholeBody:
		return in.Len() <= smallest
	case *pieces:
		return in.size <= smallest
	}
	return input == http.NoBody
}

// feed copies input to the process. A body that breaks off kills the process
// before its input ends, so that it cannot take a part for the whole. What the
// process does not want is read all the same: only a connection whose body was
// read tells when its client leaves.
func (f *forker) feed(p *process, input io.Reader) error {
	defer closeAll([]*os.File{p.stdin})
	buf := f.buffers.Get().(*[]byte)
	defer f.buffers.Put(buf)
	wanted := true
	for {
		n, err := input.Read(*buf)
		if n > 0 && wanted {
			_, failed := p.stdin.Write((*buf)[:n])
			wanted = failed == nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			p.kill()
			return bodyError(err)
		}
	}
}

// finishBody ends the feeding of a process that has ended. It returns the
// error of a body that broke off by itself.
func finishBody(res *response, r *http.Request, fed <-chan error) error {
	select {
	case err := <-fed:
		return err
	default:
		disownBody(res, r) // interrupts the read
		<-fed
		return nil
	}
}
