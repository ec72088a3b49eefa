package rehearse

import (
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"faas/function"
)

// Where the gateway's list of replicas stands in for discovery.
const replicasPath = "/sd/replicas"

// replicaSeries are what a replica shows.
type replicaSeries struct {
	s           *subject
	id          string
	cpu, memory *series
}

// replicaTarget is a job that scrapes replicas.
type replicaTarget struct {
	job   string
	usage bool // only of functions that follow cpu or memory
	store *store
	wants *reads
	found map[string]*replicaSeries // by id
}

// discover scrapes the replicas that gateways list, for jobs that find them there.
func (w *world) discover(jobs []scrapeJob, wants *reads) {
	for _, j := range jobs {
		for _, sd := range j.HTTPSD {
			if !strings.Contains(sd.URL, replicasPath) || !wants.wants(cpuName, j.Name) && !wants.wants(memoryName, j.Name) {
				continue
			}
			t := &replicaTarget{
				job: j.Name, usage: strings.Contains(sd.URL, "signal=usage"), store: w.store, wants: wants, found: map[string]*replicaSeries{},
			}
			refresh, interval := time.Duration(sd.Refresh), time.Duration(j.Interval)
			w.every(w.phase(refresh), refresh, func() { t.refresh(w.subjects, w.now) })
			w.every(w.phase(interval), interval, func() { t.scrape(w.now) })
		}
	}
}

// What watchdogs measure.
const (
	cpuName    = "faas_function_cpu_seconds_total"
	memoryName = "faas_function_memory_bytes"
)

// refresh takes over the list of replicas. What is gone from it ends.
func (t *replicaTarget) refresh(subjects []*subject, now time.Duration) {
	listed := map[string]bool{}
	for _, s := range subjects {
		_, cpu := s.Scaling.Target(function.ScalingCPU)
		_, memory := s.Scaling.Target(function.ScalingMemory)
		if t.usage && !cpu && !memory {
			continue
		}
		s.advance(now)
		for _, r := range s.replicas[:s.ready] {
			listed[r.id] = true
			if t.found[r.id] == nil {
				t.found[r.id] = t.open(s, r.id)
			}
		}
	}
	for id, r := range t.found {
		if !listed[id] {
			r.end(now)
			delete(t.found, id)
		}
	}
}

func (t *replicaTarget) open(s *subject, id string) *replicaSeries {
	r := &replicaSeries{s: s, id: id}
	for name, to := range map[string]**series{cpuName: &r.cpu, memoryName: &r.memory} {
		if t.wants.wants(name, t.job) {
			*to = t.store.pin(labels.FromStrings(nameLabel, name, "job", t.job, "instance", id,
				"function_name", s.Name, "replica", id, "node", "node-1"))
		}
	}
	return r
}

func (t *replicaTarget) scrape(now time.Duration) {
	ms := epoch.Add(now).UnixMilli()
	for _, r := range t.found {
		r.s.advance(now)
		i := r.s.replica(r.id)
		if i < 0 { // it is gone, and the list does not know yet
			r.end(now)
			continue
		}
		if r.cpu != nil {
			_ = r.cpu.append(ms, r.s.busy-r.s.replicas[i].busy)
		}
		if r.memory != nil {
			share := float64(r.s.serving.len()) / float64(r.s.ready)
			_ = r.memory.append(ms, r.s.MemoryPerReplica+share*r.s.MemoryPerRequest)
		}
	}
}

// end ends the series, which nobody writes any more.
func (r *replicaSeries) end(now time.Duration) {
	for _, se := range []*series{r.cpu, r.memory} {
		if se != nil {
			se.end(epoch.Add(now).UnixMilli())
			se.pinned = false
		}
	}
}

// replica finds one that is ready, or -1.
func (s *subject) replica(id string) int {
	for i := range s.ready {
		if s.replicas[i].id == id {
			return i
		}
	}
	return -1
}

// customName is the rule that users write for loads of their own.
const customName = "function:load:custom"

// record records the custom loads each second, as a rule of the user's would.
func (w *world) record() {
	custom := map[*subject]*series{}
	for _, s := range w.subjects {
		if s.Custom == nil {
			continue
		}
		if se := w.store.pin(labels.FromStrings(nameLabel, customName, "function_name", s.Name)); se != nil {
			custom[s] = se
		}
	}
	if len(custom) == 0 {
		return
	}
	w.every(w.phase(time.Second), time.Second, func() {
		for s, se := range custom {
			_ = se.append(w.millis(), level(s.Custom, w.now)) // it is the only writer
		}
	})
}
