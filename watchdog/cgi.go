package watchdog

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// cgiEnviron describes r as the classic watchdogs do. Only the first value of a
// header counts. The header Proxy is left out: there are programs that would
// take Http_Proxy for the address of a proxy.
func cgiEnviron(r *http.Request) []string {
	env := make([]string, 0, len(r.Header)+7)
	add := func(name, value string) {
		if value != "" {
			env = append(env, "Http_"+name+"="+value)
		}
	}
	for name, values := range r.Header {
		if len(values) > 0 && name != "Proxy" {
			env = append(env, "Http_"+strings.ReplaceAll(name, "-", "_")+"="+values[0])
		}
	}
	length := strconv.FormatInt(r.ContentLength, 10)
	add("Method", r.Method)
	add("ContentLength", length) // the classic watchdog's older name
	add("Content_Length", length)
	add("Transfer_Encoding", strings.Join(r.TransferEncoding, ", "))
	add("Query", r.URL.RawQuery)
	add("Path", r.URL.Path)
	add("Host", r.Host)
	return env
}

// marshalRequest is the document that marshal_request puts on standard input.
func marshalRequest(h http.Header, body []byte) ([]byte, error) {
	type raw struct {
		Raw []byte `json:"raw"` // encoding/json writes base64
	}
	doc, err := json.Marshal(struct {
		Header http.Header `json:"header"`
		Body   raw         `json:"body"`
	}{h, raw{body}})
	if err != nil {
		return nil, fmt.Errorf("marshal request: %w", err)
	}
	return doc, nil
}
