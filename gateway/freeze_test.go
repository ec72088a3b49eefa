//go:build !fuzz

package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"faas/api"
	"faas/function"
	"faas/internal/alerting"
)

// fakeFreezer stands in the scaler's place. What is called all is frozen with all others.
type fakeFreezer struct {
	frozen map[string]alerting.Freeze
	faults *faults
}

func (f *fakeFreezer) Frozen() []alerting.Freeze {
	var all []alerting.Freeze
	for _, one := range f.frozen {
		all = append(all, one)
	}
	return all
}

func (f *fakeFreezer) FrozenOf(name string) []alerting.Freeze {
	return slices.DeleteFunc(f.Frozen(), func(one alerting.Freeze) bool { return one.Function != name })
}

func (*fakeFreezer) StoppedBy(string, int, int) string { return "" }

func (f *fakeFreezer) Freeze(_ context.Context, one alerting.Freeze) (alerting.Freeze, error) {
	if err := f.faults.get(); err != nil {
		return one, err
	}
	one.Silence, one.Up, one.Down, one.Zero = "s-"+one.Function, true, true, true
	f.frozen[one.Function] = one
	return one, nil
}

func (f *fakeFreezer) Unfreeze(_ context.Context, name string) (ended []string, err error) {
	if err := f.faults.get(); err != nil {
		return nil, err
	}
	if name == "all" {
		return nil, function.Conflictf("%s is still frozen by silence x", name)
	}
	if one, ok := f.frozen[name]; ok {
		ended = append(ended, one.Silence)
	}
	delete(f.frozen, name)
	return ended, nil
}

func TestFreeze(t *testing.T) {
	f := &fakeFreezer{frozen: map[string]alerting.Freeze{}, faults: &faults{}}
	g := start(t, newFakeBackend(status("a"), status("all")), func(o *Options) {
		withLogin(o)
		o.Freezer = f
	})
	do := func(method, path, body string, status int) string {
		t.Helper()
		res, text := g.do(t, method, path, body, "Authorization", adminLogin)
		wantStatus(t, res, text, status)
		return text
	}
	before := time.Now()
	var made api.FrozenFunction
	text := do("PUT", "/system/functions/a/freeze", `{"for":"90m","comment":"a load test"}`, http.StatusOK)
	if err := json.Unmarshal([]byte(text), &made); err != nil {
		t.Fatal(err)
	}
	lasts := made.Until.Sub(before).Round(time.Minute)
	if made.Function != "a" || made.CreatedBy != "admin" || made.Comment != "a load test" || made.Silence != "s-a" || lasts != 90*time.Minute {
		t.Errorf("%s", text)
	}
	if list := do("GET", "/system/scale/frozen", "", http.StatusOK); list != "["+text+"]" {
		t.Errorf("%s", list)
	}
	do("PUT", "/system/functions/all/freeze", `{}`, http.StatusOK)
	if lasts := f.frozen["all"].Until.Sub(before).Round(time.Minute); lasts != defaultFreeze {
		t.Errorf("frozen for %s, want %s", lasts, defaultFreeze)
	}
	for _, bad := range []string{"", "1", "0s", "-1h", "9000h", "1d"} {
		text := do("PUT", "/system/functions/a/freeze", `{"for":"`+bad+` "}`, http.StatusBadRequest)
		if !strings.Contains(text, "from 1s to 8760h") {
			t.Errorf("for %q: %s", bad, text)
		}
	}
	do("PUT", "/system/functions/a/freeze", `{"comment":"`+strings.Repeat("x", maxComment+1)+`"}`, http.StatusBadRequest)
	for _, want := range []string{`{"function":"a","ended":["s-a"]}`, `{"function":"a","ended":[]}`} {
		if text := do("DELETE", "/system/functions/a/freeze", "", http.StatusOK); strings.TrimSpace(text) != want {
			t.Errorf("thawed: %s, want %s", text, want)
		}
	}
	if text := do("DELETE", "/system/functions/all/freeze", "", http.StatusConflict); !strings.Contains(text, "silence x") {
		t.Errorf("%s", text)
	}
	do("DELETE", "/system/functions/ghost/freeze", "", http.StatusNotFound)
}
