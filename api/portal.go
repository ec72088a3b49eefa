package api

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// PortalSession is the answer of GET /ui/session.
type PortalSession struct {
	// User is who is signed in. Empty where nobody needs to: Open says that the gateway has no credentials.
	User string `json:"user"`
	Open bool   `json:"open"`
}

// SignIn is the body of POST /ui/session.
type SignIn struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// Number is one that may be unknown. Unknown is NaN here and null in JSON, which has no infinity either.
type Number float64

// Unknown is a Number that is not known.
func Unknown() Number { return Number(math.NaN()) }

// Known reports whether there is a number.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON implements json.Marshaler. It writes as many digits as people look at.
func (n Number) MarshalJSON() ([]byte, error) { return n.Append(nil), nil }

// Append appends n as JSON.
func (n Number) Append(dst []byte) []byte {
	if !n.Known() {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, float64(n), 'g', 5, 64)
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = Unknown()
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

// PortalHello is the first event of the portal's stream. It says what there is.
type PortalHello struct {
	Version       string    `json:"version"`
	Commit        string    `json:"commit"`
	Backend       string    `json:"backend"`
	Orchestration string    `json:"orchestration"`
	Started       time.Time `json:"started"`
	// Now is in Unix milliseconds, as wherever it stands.
	Now int64 `json:"now"`
	// PrometheusURL and AlertmanagerURL are where a browser finds them. Empty: it does not.
	PrometheusURL   string `json:"prometheusURL"`
	AlertmanagerURL string `json:"alertmanagerURL"`
	// What this gateway can do.
	Queue   bool `json:"queue"`
	Secrets bool `json:"secrets"`
	Logs    bool `json:"logs"`
	Freeze  bool `json:"freeze"`
	Preview bool `json:"preview"`
}

// PortalFunctions is the event functions: rows that changed, or all.
type PortalFunctions struct {
	Now     int64       `json:"now"`
	Full    bool        `json:"full"`
	Rows    []PortalRow `json:"rows"`
	Removed []string    `json:"removed"`
}

// PortalRow is a function as the portal's table has it.
type PortalRow struct {
	Name    string `json:"name"`
	Image   string `json:"image"`
	Desired int    `json:"desired"`
	Ready   int    `json:"ready"`
	Min     int    `json:"min"`
	Max     int    `json:"max"`
	// State is ready, starting, draining, waking, zero, full, blocked or failing, StateText the same in words.
	State     string          `json:"state"`
	StateText string          `json:"stateText"`
	Blocked   string          `json:"blocked"`
	Frozen    *FrozenFunction `json:"frozen"`
	// RPS are arrivals a second and InFlight what is under way, at all gateways. P50 and P99 are in seconds, and Errors is the
	// share of answers of 500 and above.
	RPS      Number `json:"rps"`
	InFlight Number `json:"inFlight"`
	P50      Number `json:"p50"`
	P99      Number `json:"p99"`
	Errors   Number `json:"errors"`
	// Held is what waits for a replica, and Invocations what ended, at this gateway.
	Held        int            `json:"held"`
	Invocations int64          `json:"invocations"`
	Target      string         `json:"target"`
	Signals     []PortalSignal `json:"signals"`
	// Spark are the RPS of the last 5 minutes, each of 5 s, the oldest first. Only in full events, and of new functions.
	Spark []Number `json:"spark,omitempty"`
}

// PortalSignal is one load that a function's replicas follow.
type PortalSignal struct {
	Type       string  `json:"type"`
	Target     float64 `json:"target"`
	PerReplica float64 `json:"perReplica"`
}

// PortalControl is the event control. Each is "ok", or says what is wrong.
type PortalControl struct {
	Loop   string `json:"loop"`
	Rates  string `json:"rates"`
	Alerts string `json:"alerts"`
}

// PortalAlerts is the event alerts: what Alertmanager has.
type PortalAlerts struct {
	Now      int64           `json:"now"`
	Alerts   []PortalAlert   `json:"alerts"`
	Silences []PortalSilence `json:"silences"`
}

// PortalAlert is an alert that fires. Function is empty where it is about none.
type PortalAlert struct {
	Name         string            `json:"name"`
	Function     string            `json:"function"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	UpdatedAt    time.Time         `json:"updatedAt"`
	State        string            `json:"state"`
	SilencedBy   []string          `json:"silencedBy"`
	GeneratorURL string            `json:"generatorURL"`
}

// PortalSilence is a silence that holds, or will. Functions are those that it freezes.
type PortalSilence struct {
	ID        string          `json:"id"`
	State     string          `json:"state"`
	Matchers  []PortalMatcher `json:"matchers"`
	StartsAt  time.Time       `json:"startsAt"`
	EndsAt    time.Time       `json:"endsAt"`
	CreatedBy string          `json:"createdBy"`
	Comment   string          `json:"comment"`
	Functions []string        `json:"functions"`
}

// PortalMatcher is one of the conditions of a silence.
type PortalMatcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual bool   `json:"isEqual"`
}

// PortalFunction is the event function: all about the one that a page is about. Where it does not exist, the rest is left out.
type PortalFunction struct {
	Now      int64            `json:"now"`
	Name     string           `json:"name"`
	Exists   bool             `json:"exists"`
	Status   *FunctionStatus  `json:"status"`
	Replicas []PortalReplica  `json:"replicas"`
	Scaling  *FunctionScaling `json:"scaling"`
}

// PortalReplica is one replica. InFlight is what this gateway has under way there.
type PortalReplica struct {
	ID        string    `json:"id"`
	Address   string    `json:"address"`
	Node      string    `json:"node"`
	State     string    `json:"state"`
	StartedAt time.Time `json:"startedAt"`
	InFlight  int       `json:"inFlight"`
}

// PortalHistory is what a function has lived through. All lists are as long as Times, in Unix milliseconds.
type PortalHistory struct {
	Function string  `json:"function"`
	From     int64   `json:"from"`
	To       int64   `json:"to"`
	Step     float64 `json:"step"`
	Times    []int64 `json:"times"`
	// Arrivals and Errors are per second, InFlight the mean number, P50 and P99 in seconds.
	Arrivals []Number `json:"arrivals"`
	InFlight []Number `json:"inFlight"`
	Errors   []Number `json:"errors"`
	P50      []Number `json:"p50"`
	P99      []Number `json:"p99"`
	Desired  []Number `json:"desired"`
	Ready    []Number `json:"ready"`
	// Load is that of the function's first signal, in Unit, and Capacity what the desired replicas carry of it.
	Load      []Number     `json:"load"`
	Capacity  []Number     `json:"capacity"`
	Unit      string       `json:"unit"`
	Signal    string       `json:"signal"`
	Decisions []ScaleEvent `json:"decisions"`
}

// PreviewRequest is the body of POST /system/portal/preview/NAME. Scaling is a merge patch.
type PreviewRequest struct {
	Seconds int                        `json:"seconds"`
	Scaling map[string]json.RawMessage `json:"scaling"`
}

// PortalPreview is what the last while would have been like with other settings.
type PortalPreview struct {
	Function string         `json:"function"`
	Times    []int64        `json:"times"`
	Arrivals []Number       `json:"arrivals"`
	Before   PreviewOutcome `json:"before"`
	After    PreviewOutcome `json:"after"`
	// Note says what was assumed, and Took how many seconds it took.
	Note string `json:"note"`
	Took Number `json:"took"`
}

// PreviewOutcome is how the count would have followed the load.
type PreviewOutcome struct {
	Desired []int `json:"desired"`
	Ready   []int `json:"ready"`
	// Changes of the count, ReplicaSeconds that were asked for, OverloadedSeconds in which the load was more than what ready
	// replicas carry at their targets, and requests that Waited for a replica.
	Changes           int    `json:"changes"`
	ReplicaSeconds    Number `json:"replicaSeconds"`
	OverloadedSeconds Number `json:"overloadedSeconds"`
	Waited            int    `json:"waited"`
}
