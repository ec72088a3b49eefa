package report

import (
	"encoding/json"
	"io"
	"math"
	"time"
)

// The form of the JSON. Names are stable: what is new is added, and units are in the names.
type (
	jsonReport struct {
		Load            string          `json:"load"`
		DurationSeconds float64         `json:"duration_seconds"`
		Seed            uint64          `json:"seed"`
		Requests        int             `json:"requests"`
		Contenders      []jsonContender `json:"contenders"`
	}
	jsonContender struct {
		Name   string `json:"name"`
		Detail string `json:"detail"`
		// RequestsPerSecondPerReplica is what one replica carries, null where it is unknown.
		RequestsPerSecondPerReplica *float64       `json:"requests_per_second_per_replica"`
		Score                       jsonScore      `json:"score"`
		Decisions                   []jsonDecision `json:"decisions"`
		Points                      []jsonPoint    `json:"points"`
	}
	jsonScore struct {
		// FirstChangeSeconds is null where nothing changed.
		FirstChangeSeconds *float64 `json:"first_change_seconds"`
		// ReactionSeconds is null where the load was never beyond capacity, or was not answered.
		ReactionSeconds           *float64 `json:"reaction_seconds"`
		TimeOverCapacitySeconds   float64  `json:"time_over_capacity_seconds"`
		RequestsOverCapacity      float64  `json:"requests_over_capacity"`
		RequestsThatWaited        int      `json:"requests_that_waited"`
		WaitedSeconds             float64  `json:"waited_seconds"`
		LoadOverCapacityPercent   float64  `json:"load_over_capacity_percent"`
		ReplicaSeconds            float64  `json:"replica_seconds"`
		LeastReplicaSeconds       float64  `json:"least_replica_seconds"`
		ReplicaSecondsTimesLeast  *float64 `json:"replica_seconds_times_least"`
		Actions                   int      `json:"actions"`
		DirectionChanges          int      `json:"direction_changes"`
		MostReplicas              int      `json:"most_replicas"`
		EvaluationsOfGroupsOfRule int      `json:"rule_group_evaluations"`
	}
	jsonDecision struct {
		AtSeconds float64 `json:"at_seconds"`
		From      int     `json:"from"`
		To        int     `json:"to"`
		Alert     string  `json:"alert"`
		Signal    string  `json:"signal"`
		Reason    string  `json:"reason"`
	}
	jsonPoint struct {
		AtSeconds         float64 `json:"at_seconds"`
		RequestsPerSecond float64 `json:"requests_per_second"`
		Desired           int     `json:"desired"`
		Ready             int     `json:"ready"`
		// Wanted is what the rules would set, null where they say nothing.
		Wanted  *float64 `json:"wanted"`
		Waiting int      `json:"waiting_requests"`
	}
)

// WriteJSON writes everything that is known as one JSON object.
func WriteJSON(w io.Writer, r *Report) error {
	out := jsonReport{
		Load: r.Load, DurationSeconds: r.Length.Seconds(), Seed: r.Seed, Requests: r.requests(), Contenders: []jsonContender{},
	}
	for i := range r.Contenders {
		out.Contenders = append(out.Contenders, r.Contenders[i].json())
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	return encoder.Encode(out)
}

func (c *Contender) json() jsonContender {
	s := c.Result.Score
	out := jsonContender{
		Name: c.Name, Detail: c.Detail, RequestsPerSecondPerReplica: known(c.PerReplica, c.PerReplica > 0),
		Score: jsonScore{
			FirstChangeSeconds: known(s.FirstChange.Seconds(), s.FirstChange >= 0),
			ReactionSeconds:    known(s.Reaction.Seconds(), s.Reaction >= 0), TimeOverCapacitySeconds: exact(s.TimeOverCapacity),
			RequestsOverCapacity: rounded(s.OverCapacity), LoadOverCapacityPercent: rounded(c.overPercent()),
			RequestsThatWaited: s.Waited, WaitedSeconds: rounded(s.WaitedSeconds),
			ReplicaSeconds: rounded(s.ReplicaSeconds), LeastReplicaSeconds: rounded(s.LeastReplicaSeconds),
			ReplicaSecondsTimesLeast: known(c.timesLeast(), c.timesLeast() > 0),
			Actions:                  s.Actions, DirectionChanges: s.DirectionChanges, MostReplicas: c.most(),
			EvaluationsOfGroupsOfRule: c.Evaluations,
		},
		Decisions: []jsonDecision{}, Points: []jsonPoint{},
	}
	for _, d := range c.Result.Decisions {
		out.Decisions = append(out.Decisions, jsonDecision{exact(d.At), d.From, d.To, d.Alert, d.Signal, d.Reason})
	}
	for _, p := range c.Result.Points {
		out.Points = append(out.Points, jsonPoint{exact(p.At), rounded(p.Arrivals), p.Desired, p.Ready, known(p.Wanted, true), p.Waiting})
	}
	return out
}

// exact is a time in seconds, to the millisecond.
func exact(d time.Duration) float64 { return rounded(d.Seconds()) }

// rounded is v to three decimals: what comes after them is the arithmetic's.
func rounded(v float64) float64 { return math.Round(v*1000) / 1000 }

// known is v, or nothing where it is not known or no number.
func known(v float64, yes bool) *float64 {
	if !yes || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	v = rounded(v)
	return &v
}
