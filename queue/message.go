package queue

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"faas/function"
)

// The subjects, one of each function, and what a message's header says beside the call itself.
const (
	callPrefix = "faas.calls."
	deadPrefix = "faas.dead."

	idHeader       = "Faas-Call-Id"
	functionHeader = "Faas-Function"
	callbackHeader = "Faas-Callback"
	acceptedHeader = "Faas-Accepted"
	// Of dead letters.
	reasonHeader   = "Faas-Reason"
	attemptsHeader = "Faas-Attempts"
	deadHeader     = "Faas-Dead"
)

const protocol = " HTTP/1.1"

// token is a function's name as one part of a subject and as the name of a consumer, in which a dot stands for itself
// alone. No name has a tilde.
func token(function string) string { return strings.ReplaceAll(function, ".", "~") }

func functionOf(token string) string { return strings.ReplaceAll(token, "~", ".") }

// encode makes the message of a call: its request as HTTP has it, which people can read too. Errors are ErrInvalid.
func encode(c function.Call) (*nats.Msg, error) {
	if err := function.ValidateName(c.Function); err != nil {
		return nil, err
	}
	target := c.Path
	if c.Query != "" {
		target += "?" + c.Query
	}
	if !strings.HasPrefix(c.Path, "/") || hasSpace(target) {
		return nil, function.Invalidf("path %.80q: it must begin with a slash and be escaped", target)
	}
	if c.Method == "" || hasSpace(c.Method) {
		return nil, function.Invalidf("method %.20q is none", c.Method)
	}
	if strings.IndexFunc(c.ID+c.Callback, isControl) >= 0 {
		return nil, function.Invalidf("call id and callback must have no control characters")
	}
	m := nats.NewMsg(callPrefix + token(c.Function))
	m.Header.Set(idHeader, c.ID)
	m.Header.Set(functionHeader, c.Function)
	m.Header.Set(acceptedHeader, c.AcceptedAt.UTC().Format(time.RFC3339Nano))
	if c.Callback != "" {
		m.Header.Set(callbackHeader, c.Callback)
	}
	var text bytes.Buffer
	text.WriteString(c.Method + " " + target + protocol + "\r\n")
	_ = http.Header(c.Header).Write(&text) // a buffer takes all
	text.WriteString("\r\n")
	text.Write(c.Body)
	m.Data = text.Bytes()
	return m, nil
}

func hasSpace(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r == ' ' || isControl(r) }) >= 0
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// decode reads what encode made. The body is a part of data.
func decode(h nats.Header, data []byte) (function.Call, error) {
	c := function.Call{ID: h.Get(idHeader), Function: h.Get(functionHeader), Callback: h.Get(callbackHeader)}
	if err := function.ValidateName(c.Function); err != nil {
		return c, err
	}
	var err error
	if c.AcceptedAt, err = time.Parse(time.RFC3339Nano, h.Get(acceptedHeader)); err != nil {
		return c, fmt.Errorf("time of acceptance: %w", err)
	}
	head, body, ok := bytes.Cut(data, []byte("\r\n\r\n"))
	if !ok {
		return c, errors.New("no end of the header")
	}
	first, fields, _ := bytes.Cut(head, []byte("\r\n"))
	line, ok := strings.CutSuffix(string(first), protocol)
	method, target, both := strings.Cut(line, " ")
	if !ok || !both || method == "" || hasSpace(method) || hasSpace(target) || !strings.HasPrefix(target, "/") {
		return c, fmt.Errorf("request line %.80q", first)
	}
	c.Method = method
	c.Path, c.Query, _ = strings.Cut(target, "?")
	if _, err := url.PathUnescape(c.Path); err != nil {
		return c, fmt.Errorf("path: %w", err)
	}
	header := textproto.MIMEHeader{}
	if len(fields) > 0 {
		text := io.MultiReader(bytes.NewReader(fields), strings.NewReader("\r\n\r\n"))
		if header, err = textproto.NewReader(bufio.NewReader(text)).ReadMIMEHeader(); err != nil {
			return c, fmt.Errorf("header: %w", err)
		}
	}
	c.Header, c.Body = header, body
	return c, nil
}

// died makes the dead letter of a message.
func died(h nats.Header, data []byte, function, reason string, attempts int, now time.Time) *nats.Msg {
	m := nats.NewMsg(deadPrefix + token(function))
	for k, v := range h {
		if strings.HasPrefix(k, "Faas-") {
			m.Header[k] = v
		}
	}
	m.Header.Set(reasonHeader, strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, reason))
	m.Header.Set(attemptsHeader, strconv.Itoa(attempts))
	m.Header.Set(deadHeader, now.UTC().Format(time.RFC3339Nano))
	m.Data = data
	return m
}
