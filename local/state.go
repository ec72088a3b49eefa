package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"faas/function"
)

const stateVersion = 1

// state is what survives a restart, as state.json holds it: functions that the API deployed, and the
// desired count of every function.
type state struct {
	Version   int                     `json:"version"`
	Functions map[string]keptFunction `json:"functions"`
}

type keptFunction struct {
	Desired   int       `json:"desired"`
	CreatedAt time.Time `json:"created_at"`
	// Min is what Desired began with where the stack file says it. A count that is still the same follows the file.
	Min *int `json:"min,omitempty"`
	// Tuned is what Tune made of what the stack file has. Nil: nothing.
	Tuned *keptTuning `json:"tuned,omitempty"`
	// Function is nil where the stack file has it.
	Function *keptDefinition `json:"function,omitempty"`
}

type keptDefinition struct {
	Image       string              `json:"image,omitempty"`
	Process     string              `json:"process,omitempty"`
	Env         map[string]string   `json:"env,omitempty"`
	Labels      map[string]string   `json:"labels,omitempty"`
	Annotations map[string]string   `json:"annotations,omitempty"`
	Constraints []string            `json:"constraints,omitempty"`
	Secrets     []string            `json:"secrets,omitempty"` // names; values are secretStore's
	Limits      *function.Resources `json:"limits,omitempty"`
	Requests    *function.Resources `json:"requests,omitempty"`
	ReadOnly    bool                `json:"read_only_root_filesystem,omitempty"`
}

func newState() state { return state{Version: stateVersion, Functions: map[string]keptFunction{}} }

func keep(f function.Function) *keptDefinition {
	return &keptDefinition{
		Image: f.Image, Process: f.Process, Env: f.Env, Labels: f.Labels, Annotations: f.Annotations,
		Constraints: f.Constraints, Secrets: f.Secrets, Limits: f.Limits, Requests: f.Requests, ReadOnly: f.ReadOnlyRootFilesystem,
	}
}

func (k *keptDefinition) restore(name string) function.Function {
	return function.Function{
		Name: name, Image: k.Image, Process: k.Process, Env: k.Env, Labels: k.Labels, Annotations: k.Annotations,
		Constraints: k.Constraints, Secrets: k.Secrets, Limits: k.Limits, Requests: k.Requests, ReadOnlyRootFilesystem: k.ReadOnly,
	}
}

// loadState reads the state file. One that cannot be read as state is set aside, so that the backend
// starts and the file can still be looked at.
func loadState(path string, log *slog.Logger) (state, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newState(), nil
	}
	if err != nil {
		return state{}, fmt.Errorf("read the state: %w", err)
	}
	st, err := parseState(data)
	if err == nil {
		return st, nil
	}
	aside := fmt.Sprintf("%s.corrupt-%s", path, time.Now().UTC().Format("20060102T150405.000"))
	if renameErr := os.Rename(path, aside); renameErr != nil {
		return state{}, fmt.Errorf("set the corrupt state aside: %w", errors.Join(renameErr, err))
	}
	log.Error("state file is corrupt: set aside, starting without it", "file", path, "moved_to", aside, "err", err)
	return newState(), nil
}

func parseState(data []byte) (state, error) {
	st := newState()
	if err := json.Unmarshal(data, &st); err != nil {
		return state{}, err
	}
	if st.Version != stateVersion {
		return state{}, fmt.Errorf("version %d: only %d is known", st.Version, stateVersion)
	}
	for name, kept := range st.Functions {
		if err := function.ValidateName(name); err != nil {
			return state{}, err
		}
		if kept.Desired < 0 {
			return state{}, fmt.Errorf("function %s: desired count %d", name, kept.Desired)
		}
	}
	return st, nil
}

// writeState replaces the state file so that a reader, or a crash, sees the old or the new one.
func writeState(path string, st state) error {
	data, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the state: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".state-*") // of mode 0600
	if err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	_, err = tmp.Write(append(data, '\n'))
	if err == nil {
		err = tmp.Sync()
	}
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write the state: %w", errors.Join(err, os.Remove(tmp.Name())))
	}
	return nil
}

// saver writes the newest state in a goroutine of its own, so that the supervisor never waits for a disk.
type saver struct {
	path string
	log  *slog.Logger
	wake chan struct{}

	mu      sync.Mutex
	pending *state
	waiting []chan struct{}
}

func newSaver(path string, log *slog.Logger) *saver {
	return &saver{path: path, log: log, wake: make(chan struct{}, 1)}
}

// save asks for st to be written; the channel is closed once it, or a newer one, was tried.
func (s *saver) save(st state) <-chan struct{} {
	written := make(chan struct{})
	s.mu.Lock()
	s.pending = &st
	s.waiting = append(s.waiting, written)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
	return written
}

// run writes until stop is closed, and then what is still pending.
func (s *saver) run(stop <-chan struct{}) {
	for {
		select {
		case <-s.wake:
			s.write()
		case <-stop:
			s.write()
			return
		}
	}
}

func (s *saver) write() {
	s.mu.Lock()
	st, waiting := s.pending, s.waiting
	s.pending, s.waiting = nil, nil
	s.mu.Unlock()
	if st == nil {
		return
	}
	if err := writeState(s.path, *st); err != nil {
		s.log.Error("state not kept: a restart will not know of the last change", "err", err)
	}
	for _, w := range waiting {
		close(w)
	}
}
