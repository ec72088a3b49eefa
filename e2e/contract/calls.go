package contract

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"faas/e2e/stock"
)

// login is right, wrong, and not there.
func login(t *test) {
	for _, age := range stock.Ages() {
		c := t.client(age)
		t.must("login", c.Login(t.Context(), t.User, t.Password))
		t.code("login with another password", c.Login(t.Context(), t.User, t.Password+"x"), http.StatusUnauthorized)
		stranger := stock.New(t.Gateway(), age, "", "") // later ages send a Bearer without a token
		_, err := stranger.List(t.Context(), "")
		t.code("list without a login", err, http.StatusUnauthorized)
		stranger.Close()
	}
}

func version(t *test) {
	for _, age := range stock.Ages() {
		c := t.client(age)
		if _, err := c.Info(t.Context()); err != nil {
			t.Errorf("%s: %v", age, err)
		}
		namespaces, err := c.Namespaces(t.Context())
		if err != nil || !slices.Equal(namespaces, []string{"openfaas-fn"}) {
			t.Errorf("%s: namespaces %q, %v", age, namespaces, err)
		}
	}
	t.code("make a namespace", t.client(stock.Age2025).SDK().CreateNamespace(t.Context(), "other"), http.StatusNotImplemented)
}

func ready(t *test) {
	c := t.client(stock.Age2025)
	t.must("the gateway is ready", c.Ready(t.Context(), 3, second))
	s := t.spec("ready", "cat")
	t.must("deploy", c.Deploy(t.Context(), s))
	t.remove(c, s.Name)
	t.must("the function is ready", c.FunctionReady(t.Context(), s.Name, "openfaas-fn", 400, 100*time.Millisecond))
	if a, err := c.Invoke(t.Context(), stock.Invocation{Name: s.Name, Body: []byte("at once")}); err != nil || a.Body != "at once" {
		t.Errorf("invoke once it is ready: %q, %v", a.Body, err)
	}
}

// functions takes one through its life, in the words of each age.
func functions(t *test) {
	for i, age := range stock.Ages() {
		c := t.client(age)
		namespace := []string{"", "", "openfaas-fn"}[i]
		s := t.spec(fmt.Sprintf("life%d", i), "cat") // labels and annotations are null
		s.Namespace = namespace
		t.code("update of what is not there", c.Put(t.Context(), s), http.StatusNotFound)
		t.must("deploy", c.Deploy(t.Context(), s))
		t.code("a second deployment", c.Post(t.Context(), s), http.StatusConflict)
		t.must("ready", c.FunctionReady(t.Context(), s.Name, namespace, 400, 100*time.Millisecond))
		list, err := c.List(t.Context(), namespace)
		t.must("list", err)
		if !slices.ContainsFunc(list, func(f stock.Function) bool { return f.Name == s.Name && f.Labels != nil }) {
			t.Errorf("%s: the list has no %s", age, s.Name)
		}
		t.must("scale", c.Scale(t.Context(), s.Name, namespace, 2))
		s.Process = "wc -c"
		t.must("deploy again", c.Deploy(t.Context(), s))
		t.answers(c, s.Name, "0\n")
		f, err := c.Describe(t.Context(), s.Name, namespace)
		if err != nil || f.Replicas != 2 || f.EnvProcess != "wc -c" {
			t.Errorf("%s: described as %+v, %v; want 2 replicas of wc -c", age, f, err)
		}
		t.must("replace", c.Replace(t.Context(), s))
		t.must("remove", c.Remove(t.Context(), s.Name, namespace))
		_, err = c.Describe(t.Context(), s.Name, namespace)
		t.code("describe what is gone", err, http.StatusNotFound)
		t.code("remove what is gone", c.Remove(t.Context(), s.Name, namespace), http.StatusNotFound)
		t.code("scale what is gone", c.Scale(t.Context(), s.Name, namespace, 1), http.StatusNotFound)
		_, err = c.Invoke(t.Context(), stock.Invocation{Name: s.Name})
		t.code("invoke what is gone", err, http.StatusNotFound)
	}
}

func functionsBySDK(t *test) {
	c := t.client(stock.Age2025)
	sdk, s := c.SDK(), t.spec("sdk", "cat")
	t.must("deploy", sdk.Deploy(t.Context(), s))
	t.must("update", sdk.Update(t.Context(), s))
	t.must("ready", c.FunctionReady(t.Context(), s.Name, "", 400, 100*time.Millisecond))
	f, err := sdk.Function(t.Context(), s.Name+".openfaas-fn", "openfaas-fn")
	if err != nil || f.Name != s.Name {
		t.Errorf("function %+v, %v", f, err)
	}
	t.must("remove", sdk.Remove(t.Context(), s.Name, "openfaas-fn"))
}

// verbatim deploys all that there is to say of a function, and wants it back in the same words.
func verbatim(t *test) {
	c := t.client(stock.Age2025)
	s := t.spec("verbatim", "cat")
	s.Env = map[string]string{"write_debug": "true", "EMPTY": "", "UMLAUT": "ä=ö \"quoted\""}
	s.Labels = map[string]string{"com.openfaas.scale.max": "3", "team": "a b"}
	s.Annotations = map[string]string{"topic": "things, and others"}
	s.Limits = &stock.Resources{Memory: "128Mi", CPU: "500m"}
	s.Requests = &stock.Resources{Memory: "5Mi", CPU: "10m"}
	s.Constraints = []string{"node.role == manager"}
	t.deploy(c, s)
	got, err := c.Describe(t.Context(), s.Name, "")
	t.must("describe", err)
	want := stock.Function{
		Name: s.Name, Image: s.Image, Namespace: "openfaas-fn", EnvProcess: s.Process, EnvVars: s.Env, Constraints: s.Constraints,
		Labels: &s.Labels, Annotations: &s.Annotations, Limits: s.Limits, Requests: s.Requests, Replicas: 1, AvailableReplicas: 1,
		CreatedAt: got.CreatedAt, Usage: got.Usage,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("described (-want +got):\n%s", diff)
	}
	if age := time.Since(got.CreatedAt); age < -second || age > bound {
		t.Errorf("it was created %s ago", age)
	}
}

// invoke passes on what a client may say, and what a function answers.
func invoke(t *test) {
	c := t.client(stock.Age2025)
	s := t.spec("invoke", `sh -c "env; echo; cat"`)
	t.deploy(c, s)
	for _, age := range stock.Ages() {
		a, err := t.client(age).Invoke(t.Context(), stock.Invocation{
			Name: s.Name, Method: http.MethodPut, Body: []byte("the body"), ContentType: "text/x-mine",
			Query: []string{"a=b", "c=d"}, Headers: []string{"X-Mine=yes"},
		})
		t.must("invoke", err)
		for _, want := range []string{
			"Http_Method=PUT\n", "Http_Query=a=b&c=d\n", "Http_X_Mine=yes\n", "Http_Content_Type=text/x-mine\n", "Http_Content_Length=8\n",
			"Http_X_Call_Id=" + a.Header.Get("X-Call-Id") + "\n", "Http_Path=/\n", "\n\nthe body",
		} {
			if !strings.Contains(a.Body, want) {
				t.Errorf("%s: no %q in\n%s", age, want, a.Body)
			}
		}
		for _, name := range []string{"X-Call-Id", "X-Start-Time", "X-Duration-Seconds"} {
			if a.Header.Get(name) == "" {
				t.Errorf("%s: no header %s in %v", age, name, a.Header)
			}
		}
	}
	failing := t.spec("failing", `sh -c "exit 3"`)
	t.deploy(c, failing)
	_, err := c.Invoke(t.Context(), stock.Invocation{Name: failing.Name})
	t.code("a function that fails", err, http.StatusInternalServerError)
	status, err := c.Describe(t.Context(), s.Name, "")
	if err != nil || status.InvocationCount != 3 {
		t.Errorf("%v invocations, %v; want 3", status.InvocationCount, err)
	}
}

// refusals are errors whose text a client shows to its user.
func refusals(t *test) {
	c := t.client(stock.Age2025)
	for name, tt := range map[string]struct {
		edit func(*stock.Spec)
		text string
	}{
		"no name":           {func(s *stock.Spec) { s.Name = "" }, "service is missing"},
		"a bad name":        {func(s *stock.Spec) { s.Name = "a/b" }, "a/b"},
		"an unknown secret": {func(s *stock.Spec) { s.Secrets = []string{t.Prefix + "none"} }, t.Prefix + "none"},
		"a bad limit":       {func(s *stock.Spec) { s.Limits = &stock.Resources{Memory: "much"} }, "limits.memory"},
		"a bad label":       {func(s *stock.Spec) { s.Labels = map[string]string{"com.openfaas.scale.min": "x"} }, "com.openfaas.scale.min"},
		"a bad time":        {func(s *stock.Spec) { s.Env = map[string]string{"exec_timeout": "soon"} }, "exec_timeout"},
		"another namespace": {func(s *stock.Spec) { s.Namespace = "mine" }, "mine"},
		"a minimum too high": {func(s *stock.Spec) {
			s.Labels = map[string]string{"com.openfaas.scale.min": "5", "com.openfaas.scale.max": "3"}
		}, "max"},
	} {
		s := t.spec("refused", "cat")
		tt.edit(&s)
		err := c.Post(t.Context(), s)
		if code := stock.Code(err); code != http.StatusBadRequest && (name != "another namespace" || code != http.StatusNotFound) {
			t.Errorf("%s: %v, want status 400", name, err)
		} else if !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %q does not say %q", name, err, tt.text)
		}
	}
	if f, err := c.Describe(t.Context(), t.Prefix+"refused", ""); stock.Code(err) != http.StatusNotFound {
		t.Errorf("what was refused is there: %+v, %v", f, err)
	}
}

// usage is what `describe` shows of a function that works.
func usage(t *test) {
	c := t.client(stock.Age2025)
	s := t.spec("usage", "cat")
	t.deploy(c, s)
	t.eventually("usage is told", func() error {
		if _, err := c.Invoke(t.Context(), stock.Invocation{Name: s.Name}); err != nil {
			return err
		}
		f, err := c.Describe(t.Context(), s.Name, "")
		switch {
		case err != nil:
			return err
		case f.Usage == nil:
			return fmt.Errorf("nothing is told")
		case f.Usage.CPU <= 0, f.Usage.TotalMemoryBytes < 1<<20, f.Usage.TotalMemoryBytes > 1<<30:
			return fmt.Errorf("%+v is not likely", *f.Usage)
		}
		return nil
	})
}
