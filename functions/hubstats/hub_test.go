package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// stub is a Docker Hub with one organisation of each kind.
func stub(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/namespaces/{org}/repositories", func(w http.ResponseWriter, r *http.Request) {
		page := r.URL.Query().Get("page")
		if size := r.URL.Query().Get("page_size"); size != "100" {
			t.Errorf("page_size=%s", size)
		}
		switch r.PathValue("org") {
		case "empty":
			_, _ = w.Write([]byte(`{"count":0,"next":null,"previous":null,"results":[]}`))
		case "one":
			_, _ = w.Write([]byte(`{"count":1,"next":null,"previous":null,"results":[{"name":"a","pull_count":1}]}`))
		case "large": // 100 + 100 + 23
			n := map[string]int{"1": 100, "2": 100, "3": 23}[page]
			next := "null"
			if n == 100 {
				next = `"https://elsewhere.invalid/v2/namespaces/large/repositories"`
			}
			_, _ = fmt.Fprintf(w, `{"count":223,"next":%s,"results":[%s]}`, next, strings.TrimSuffix(strings.Repeat(`{"pull_count":1000000000000},`, n), ","))
		case "endless":
			_, _ = w.Write([]byte(`{"count":1,"next":"x","results":[{}]}`))
		case "hollow":
			_, _ = w.Write([]byte(`{"count":1,"next":"x","results":[]}`))
		case "garbage":
			_, _ = w.Write([]byte(`<html>sign in`))
		case "other":
			_, _ = w.Write([]byte(`{"message":"hello"}`))
		case "often":
			w.WriteHeader(http.StatusTooManyRequests)
		case "broken":
			w.WriteHeader(http.StatusBadGateway)
		case "slow":
			<-r.Context().Done()
		default:
			http.NotFound(w, r)
		}
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
}

func TestHubstats(t *testing.T) {
	url := stub(t).URL + "/v2"
	for _, c := range []struct {
		name, body, url, timeout string
		out, err                 string
	}{
		{"none", "empty", url, "", "empty has 0 repositories on Docker Hub, pulled 0 times\n", ""},
		{"one", "one", url, "", "one has 1 repository on Docker Hub, pulled 1 time\n", ""},
		{"pages", " Large\n", url + "/", "", "large has 223 repositories on Docker Hub, pulled 223000000000000 times\n", ""},
		{"unknown", "ghost", url, "", "", "there is no organisation ghost on Docker Hub"},
		{"too often", "often", url, "", "", "too many requests were sent to Docker Hub (429): try again later"},
		{"broken", "broken", url, "", "", url + " answered 502 Bad Gateway"},
		{"garbage", "garbage", url, "", "", url + " did not answer as Docker Hub does: is hub_url right?"},
		{"other JSON", "other", url, "", "", url + " did not answer as Docker Hub does: is hub_url right?"},
		{"a next without end", "endless", url, "", "", "endless has more than 50000 repositories: that is too many to count"},
		{"an empty page before the last", "hollow", url, "", "", url + " promised more repositories after page 1, which is empty"},
		{"slow", "slow", url, "50ms", "", strings.TrimSuffix(url, "/v2") + " did not answer in time"},
		{"unreachable", "library", "http://127.0.0.1:1/v2", "", "", "cannot reach http://127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused"},
		{"bad URL", "library", "hub", "", "", `"hub/namespaces/library/repositories?page_size=100&page=1" is no address: write it as https://example.com/page`},
		{"bad timeout", "library", url, "soon", "", `hub_timeout "soon": write it as 20s`},
		{"empty", " \n", url, "", "", "the body is empty: send the name of an organisation, such as library"},
		{"not a name", "../users", url, "", "", `"../users" is no name of an organisation: send one such as library`},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := map[string]string{"hub_url": c.url, "hub_timeout": c.timeout}
			var out strings.Builder
			err := run(context.WithoutCancel(t.Context()), strings.NewReader(c.body), &out, func(key string) string { return env[key] })
			said := ""
			if err != nil {
				said = err.Error()
			}
			if out.String() != c.out || said != c.err {
				t.Errorf("got %q, %q", &out, said)
			}
		})
	}
}
