package local

import (
	"errors"
	"testing"

	"faas/function"
)

// TestHandlerOfAnnotation deploys a function that lies elsewhere on the machine, and then another state of it.
func TestHandlerOfAnnotation(t *testing.T) {
	f := run(t, Options{})
	dir := t.TempDir()
	fn := echo("f")
	fn.Annotations = map[string]string{function.AnnotationHandler: dir, function.AnnotationBuild: "1"}
	f.deploy(fn)
	before := f.awaitReady("f", 1).Replicas[0]
	if got := f.call(before, "/run", "pwd"); got != dir+"\n" {
		t.Errorf("it runs in %q, want %s", got, dir)
	}
	if err := f.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
	if now := f.awaitReady("f", 1).Replicas[0]; now.ID != before.ID {
		t.Error("it was replaced, though nothing changed")
	}
	fn.Annotations = map[string]string{function.AnnotationHandler: dir, function.AnnotationBuild: "2"}
	if err := f.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
	f.await("f", "another replica", func(st function.Status) bool {
		return len(st.Replicas) == 1 && st.Replicas[0].ID != before.ID && st.Available() == 1
	})
	for _, bad := range []string{"relative", dir + "/none"} {
		fn.Annotations = map[string]string{function.AnnotationHandler: bad}
		if err := f.Update(t.Context(), fn); !errors.Is(err, function.ErrInvalid) {
			t.Errorf("handler %s: %v", bad, err)
		}
	}
}
