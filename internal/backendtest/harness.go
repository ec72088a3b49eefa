package backendtest

import (
	"context"
	"testing"
	"time"

	"faas/function"
)

// Changer changes functions.
type Changer interface {
	Deploy(ctx context.Context, f function.Function) error
	Update(ctx context.Context, f function.Function) error
	Remove(ctx context.Context, name string) error
	Scale(ctx context.Context, name string, replicas int) error
	ScaleFrom(ctx context.Context, name string, from, to int) error
}

// Reader shows functions.
type Reader interface {
	Function(ctx context.Context, name string) (function.Status, error)
	Functions(ctx context.Context) (function.Snapshot, error)
	Watch(ctx context.Context, see func(function.Snapshot)) error
}

// Secrets keeps the secrets of functions.
type Secrets interface {
	Secrets(ctx context.Context) ([]string, error)
	CreateSecret(ctx context.Context, secret function.Secret) error
	UpdateSecret(ctx context.Context, secret function.Secret) error
	RemoveSecret(ctx context.Context, name string) error
}

// Backend is what the suite tests.
type Backend interface {
	Changer
	Tuner
	Reader
	Secrets
	Logger
}

// Harness is a backend that runs, and what the suite must know of it. Others may have functions there as well,
// which the suite leaves alone.
type Harness struct {
	Backend Backend
	// Stop ends the backend and waits until it has ended. It may be called twice.
	Stop func()
	// Prefix begins the names of the suite's functions and secrets.
	Prefix string
	// Function returns one that starts, and echoes the body of a request.
	Function func(name string) function.Function
	// Writer returns one whose replicas write the body of a request to standard error, and nothing else in between: lines of any
	// length, and nothing before them.
	Writer func(name string) function.Function
	// Broken returns one whose replicas end at their start.
	Broken func(name string) function.Function
	// Kill ends a replica with SIGKILL.
	Kill func(function.Replica) error
	// Call sends a request to a replica and returns what it answers.
	Call func(ctx context.Context, r function.Replica, body string) (string, error)
	// Secret reads a secret as a replica's function does. It is an error that the function has none of that name.
	Secret func(ctx context.Context, r function.Replica, name string) (string, error)
	// Gap says that the orchestrator ends an old replica when the process of the new one runs and not when it takes
	// requests, so that a moment may have no ready one. Requests are held meanwhile.
	Gap bool
	// Constraints are some that are met. Nil: the backend has none to meet.
	Constraints []string
	// Within is the longest time that anything may take.
	Within time.Duration
	// BlockedWithin is the longest time until a function that cannot start says so. 0: Within.
	BlockedWithin time.Duration
}

// test is one promise of the contract.
type test struct {
	name string
	run  func(*suite)
}

// Run holds a backend to the contract. Each test gets one from start, which ends what it started with the test.
func Run(t *testing.T, start func(t *testing.T) Harness) {
	tests := []test{
		{"a deployed function runs its minimum", deployed},
		{"a second deployment is a conflict", deployedTwice},
		{"invalid functions are refused", invalid},
		{"a function is described as it was deployed", described},
		{"what a caller changes later changes nothing", cloned},
		{"twenty functions at once", many},
		{"an update keeps the count", updateKeepsCount},
		{"an update of one replica starts the new one first", updateOverlaps},
		{"an update of labels restarts nothing", updateLabels},
		{"an update from zero", updateAtZero},
		{"updates that are refused", updateRefused},
		{"a bad update leaves the old replicas", updateBroken},
		{"a count is seen at once and reached", scaled},
		{"scales that are refused", scaleRefused},
		{"concurrent scales end at the last", scaledAtOnce},
		{"of concurrent changes one is made", raised},
		{"a removed function is gone and comes again", removed},
		{"snapshots are in order", snapshots},
		{"a watch ends with its context", watchEnds},
		{"a function that cannot start says why", blocked},
		{"a killed replica is replaced", killed},
		{"replicas answer where they say", answers},
		{"an ended backend is unavailable", ended},
	}
	tests = append(tests, tuneTests()...)
	tests = append(tests, logTests()...)
	tests = append(tests, secretTests()...)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := start(t)
			if h.BlockedWithin == 0 {
				h.BlockedWithin = h.Within
			}
			tt.run(newSuite(t, h))
		})
	}
}
