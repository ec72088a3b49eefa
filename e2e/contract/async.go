package contract

import (
	"fmt"
	"net/http"

	"faas/e2e/stock"
)

// invokeLater has one function called later, and its answer sent to another, whose log tells what came.
func invokeLater(t *test) {
	c := t.client(stock.Age2025)
	count, heard := t.spec("later", "wc -c"), t.spec("heard", `sh -c "echo got $Http_X_Function_Name $Http_X_Function_Status $Http_X_Call_Id $(cat) >&2"`)
	heard.Env = map[string]string{"combine_output": "false"}
	t.deploy(c, count)
	t.deploy(c, heard)
	t.must("scale to none", c.Scale(t.Context(), count.Name, "", 0))
	for i, age := range stock.Ages() {
		a, err := t.client(age).Invoke(t.Context(), stock.Invocation{
			Name: count.Name, Body: []byte("12345"), Async: true,
			Headers: []string{"X-Callback-Url=http://gateway:8080/function/" + heard.Name},
		})
		t.must("invoke", err)
		id := a.Header.Get("X-Call-Id")
		if a.Code != http.StatusAccepted || a.Body != "" || id == "" {
			t.Fatalf("%s: answer %+v", age, a)
		}
		t.eventually("the answer is sent on", func() error {
			all, err := read(t.Context(), c, stock.LogRequest{Name: heard.Name})
			want := fmt.Sprintf("got %s 200 %s 5", count.Name, id)
			if n := having(all, want); err == nil && n != 1 {
				err = fmt.Errorf("%d times %q in %d lines, of call %d", n, want, len(all), i)
			}
			return err
		})
	}
	_, err := c.Invoke(t.Context(), stock.Invocation{Name: t.Prefix + "none", Async: true})
	t.code("of what is not there", err, http.StatusNotFound)
	_, err = c.Invoke(t.Context(), stock.Invocation{Name: count.Name, Async: true, Headers: []string{"X-Callback-Url=ftp://example.com"}})
	t.code("with a callback that cannot be", err, http.StatusBadRequest)
}
