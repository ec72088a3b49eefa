package function

import (
	"errors"
	"fmt"
	"testing"
)

func TestKinds(t *testing.T) {
	makers := map[error]func(string, ...any) error{
		ErrInvalid: Invalidf, ErrNotFound: NotFoundf, ErrConflict: Conflictf, ErrUnavailable: Unavailablef,
	}
	for kind, maker := range makers {
		t.Run(kind.Error(), func(t *testing.T) {
			cause := errors.New("cause")
			err := fmt.Errorf("deploy: %w", maker("function %q: %w", "a", cause))
			if got, want := err.Error(), `deploy: function "a": cause`; got != want {
				t.Errorf("text %q, want %q", got, want)
			}
			if !errors.Is(err, cause) {
				t.Error("the cause is lost")
			}
			for other := range makers {
				if is, want := errors.Is(err, other), other.Error() == kind.Error(); is != want {
					t.Errorf("errors.Is(err, %v) = %v", other, is)
				}
			}
		})
	}
}

func TestKind(t *testing.T) {
	plain := errors.New("plain")
	tests := []struct {
		name string
		err  error
		want error
	}{
		{"nil", nil, nil},
		{"none", plain, nil},
		{"made", Conflictf("exists"), ErrConflict},
		{"wrapped", fmt.Errorf("scale: %w", NotFoundf("no a")), ErrNotFound},
		{"the bare kind, wrapped", fmt.Errorf("scale: %w", ErrUnavailable), ErrUnavailable},
		{"the outermost of several", Invalidf("secret: %w", NotFoundf("no s")), ErrInvalid},
		{"the outermost over a bare one", Unavailablef("swarm: %w", ErrNotFound), ErrUnavailable},
		{"the first that has one, of a joined", errors.Join(plain, Invalidf("a"), Conflictf("b")), ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Kind(tt.err); !errors.Is(got, tt.want) {
				t.Errorf("Kind = %v, want %v", got, tt.want)
			}
		})
	}
}
