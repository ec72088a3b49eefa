package watchdog

import (
	"net/http"
	"slices"
	"testing"
)

// statuses is a ResponseWriter that keeps the statuses it gets.
type statuses struct {
	http.ResponseWriter
	got []int
}

func (s *statuses) Header() http.Header    { return http.Header{} }
func (s *statuses) WriteHeader(status int) { s.got = append(s.got, status) }

// A function's 100 Continue would come beside the server's own; what else it
// has to say before its answer is passed on.
func TestInformationalAnswers(t *testing.T) {
	t.Parallel()
	to := &statuses{}
	w := &response{ResponseWriter: to}
	for _, status := range []int{http.StatusContinue, http.StatusEarlyHints} {
		if w.WriteHeader(status); w.status != 0 {
			t.Errorf("%d counts as the answer", status)
		}
	}
	w.WriteHeader(http.StatusTeapot)
	if want := []int{103, 418}; !slices.Equal(to.got, want) || w.status != 418 {
		t.Errorf("got %v, status %d, want %v", to.got, w.status, want)
	}
}
