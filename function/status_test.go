package function

import "testing"

func TestReplicasByState(t *testing.T) {
	s := Status{Replicas: []Replica{
		{State: ReplicaReady}, {State: ReplicaReady}, {State: ReplicaStarting}, {State: ReplicaDraining}, {State: ReplicaFailed},
	}}
	if s.Available() != 2 || s.Starting() != 2 {
		t.Errorf("%d are available and %d start, want 2 and 2", s.Available(), s.Starting())
	}
}
