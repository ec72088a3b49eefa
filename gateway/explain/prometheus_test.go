package explain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/function"
	"faas/internal/prom"
)

// prometheus answers questions of two kinds, the present and a span, with what it is given.
func prometheus(t *testing.T, now, span string) (*httptest.Server, *[]string) {
	t.Helper()
	var asked []string
	asks := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asks <- r.FormValue("query") + " " + r.FormValue("step")
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "query_range") {
			_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[%s]}}`, span)
			return
		}
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s]}}`, now)
	}))
	t.Cleanup(func() {
		server.Close()
		close(asks)
		for a := range asks {
			asked = append(asked, a)
		}
	})
	return server, &asked
}

func reader(t *testing.T, urls ...string) *Prometheus {
	t.Helper()
	c, err := prom.New(urls, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}})
	if err != nil {
		t.Fatal(err)
	}
	return NewPrometheus(c)
}

func series(name, labels string, value string) string {
	return fmt.Sprintf(`{"metric":{"__name__":%q,"function_name":"a"%s},"value":[1792000000,%q]}`, name, labels, value)
}

func TestRead(t *testing.T) {
	server, _ := prometheus(t, strings.Join([]string{
		series("function:replicas:wanted", "", "9"), series("function:replicas:need", "", "3"), series("function:replicas:hold", "", "12"),
		series("function:load:mean5s", `,"scaling_type":"rps"`, "12.3"), series("function:load:level", `,"scaling_type":"cpu"`, "1350.5"),
		series("function:load:level", `,"scaling_type":"custom"`, "NaN"),
		series("function:replicas:wish", `,"scaling_type":"rps","seen":"creep"`, "10"),
		series("function:replicas:wish", `,"scaling_type":"overload","seen":"overload"`, "11"),
		`{"metric":{"evaluated":"true"},"value":[1792000000,"1791999999.25"]}`,
	}, ","), `{"metric":{"function_name":"a"},"values":[[1792000000,"12"],[1792000001,"3"]]}`)
	got, err := reader(t, server.URL).Read(t.Context(), "a", time.Minute, at)
	if err != nil {
		t.Fatal(err)
	}
	nine, three, twelve := 9, 3, 12
	want := Readings{
		At:     time.UnixMilli(1791999999250),
		Wanted: &nine, Need: &three, Hold: &twelve, Overload: 11,
		Loads: map[function.ScalingType]float64{function.ScalingRPS: 12.3, function.ScalingCPU: 1350.5},
		Needs: []Need{{time.Unix(1792000000, 0), 12}, {time.Unix(1792000001, 0), 3}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("readings (-want +got):\n%s", diff)
	}
}

// gone is where nobody listens: nobody is given this port by asking for any.
const gone = "http://127.0.0.1:1"

// TestReadAsks holds what is asked, and of whom: of the second where the first is away.
func TestReadAsks(t *testing.T) {
	var asked *[]string
	t.Run("ask", func(t *testing.T) {
		var server *httptest.Server
		server, asked = prometheus(t, "", "")
		got, err := reader(t, gone, server.URL).Read(t.Context(), `a"b`, time.Minute, at)
		if err != nil || got.Wanted != nil || len(got.Loads) != 0 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	if len(*asked) != 2 {
		t.Fatalf("asked %q", *asked)
	}
	for _, a := range *asked {
		if !strings.Contains(a, `function_name="a\"b"`) {
			t.Errorf("asked %s", a)
		}
	}
}

func TestReadFails(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else it does not learn that the client hung up
		<-r.Context().Done()
	}))
	defer hangs.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := reader(t, gone, hangs.URL, other.URL).Read(ctx, "a", time.Minute, at)
	if !errors.Is(err, function.ErrUnavailable) {
		t.Fatalf("error %v, want unavailable", err)
	}
	for _, want := range []string{gone + ": dial tcp", hangs.URL + ": no answer in time", other.URL + ": "} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}
