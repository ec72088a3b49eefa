package rehearse

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// alertmanager is a model of Alertmanager 0.28 and later: its routes are read by its own code, its timers are played.
//
//	alert ─▶ route ─▶ group ── group_wait, then every group_interval ─▶ flush ─▶ anything new to say? ─▶ webhook
//
// The rules are those of its packages dispatch and notify (dedup_stage.go): a group begins with its first alert, waits
// group_wait unless the alert is older than that, and flushes. It tells when an alert fires that the last payload did not
// show as firing, when all have resolved, when one resolved that was not told, or when repeat_interval has passed since. A payload has all
// alerts of the group. Then the resolved ones are forgotten, and a group that is empty ends; what it told last is remembered.
type alertmanager struct {
	clock   *clock
	root    *dispatch.Route
	resolve time.Duration     // resolve_timeout
	sends   map[string][]bool // by receiver: for each webhook, send_resolved
	deliver func([]*sentAlert)
	known   map[string]*sentAlert // by labels
	groups  map[groupKey]*group
	told    map[groupKey]notice
}

// sentAlert is an alert as Alertmanager holds it.
type sentAlert struct {
	labels, annotations labels.Labels
	starts, ends        time.Duration
	routes              []groupKey // filled in when it first comes
}

// firing reports whether the alert has not ended.
func (a *sentAlert) firing(now time.Duration) bool { return a.ends > now }

type groupKey struct {
	route  *dispatch.Route
	labels string
}

// group is an aggregation group: alerts that are told together.
type group struct {
	key    groupKey
	alerts map[string]*sentAlert
}

// notice is what was told of a group at last.
type notice struct {
	at               time.Duration
	firing, resolved map[string]bool
}

func newAlertmanager(c *clock, cfg *config.Config, deliver func([]*sentAlert)) *alertmanager {
	am := &alertmanager{
		clock: c, root: dispatch.NewRoute(cfg.Route, nil), resolve: 5 * time.Minute, sends: map[string][]bool{}, deliver: deliver,
		known: map[string]*sentAlert{}, groups: map[groupKey]*group{}, told: map[groupKey]notice{},
	}
	if cfg.Global != nil && cfg.Global.ResolveTimeout > 0 {
		am.resolve = time.Duration(cfg.Global.ResolveTimeout)
	}
	for _, r := range cfg.Receivers {
		for _, hook := range r.WebhookConfigs {
			am.sends[r.Name] = append(am.sends[r.Name], hook.SendResolved())
		}
	}
	return am
}

// receive takes alerts as its API does.
func (am *alertmanager) receive(alerts ...*sentAlert) {
	for _, a := range alerts {
		am.put(a)
	}
}

func (am *alertmanager) put(a *sentAlert) {
	id := string(a.labels.Bytes(nil))
	old := am.known[id]
	if old == nil {
		a.routes = am.match(a.labels)
	} else {
		a.routes = old.routes
		// Spans that overlap are one. An end that is told rules over one that is given in case nothing more is heard.
		if a.ends > old.starts && a.ends < old.ends || a.starts > old.starts && a.starts < old.ends {
			a.starts = min(a.starts, old.starts)
			if !a.firing(am.clock.now) && !old.firing(am.clock.now) {
				a.ends = max(a.ends, old.ends)
			} else if a.firing(am.clock.now) {
				a.ends = max(a.ends, old.ends)
			}
		}
	}
	am.known[id] = a
	for _, key := range a.routes {
		am.insert(key, id, a)
	}
}

// match finds the groups that the routes put labels in.
func (am *alertmanager) match(l labels.Labels) []groupKey {
	set := model.LabelSet{}
	l.Range(func(l labels.Label) { set[model.LabelName(l.Name)] = model.LabelValue(l.Value) })
	var keys []groupKey
	for _, r := range am.root.Match(set) {
		by := model.LabelSet{}
		for name, value := range set {
			if _, ok := r.RouteOpts.GroupBy[name]; ok || r.RouteOpts.GroupByAll {
				by[name] = value
			}
		}
		keys = append(keys, groupKey{r, by.String()})
	}
	return keys
}

func (am *alertmanager) insert(key groupKey, id string, a *sentAlert) {
	g := am.groups[key]
	if g != nil {
		g.alerts[id] = a
		return
	}
	if !a.firing(am.clock.now) && len(am.told[key].firing) == 0 {
		return // Prometheus repeats for 15 minutes what has ended. The group would be there for a flush that says nothing.
	}
	g = &group{key: key, alerts: map[string]*sentAlert{id: a}}
	am.groups[key] = g
	wait := key.route.RouteOpts.GroupWait
	if a.starts+wait < am.clock.now {
		wait = 0
	}
	am.clock.after(wait, func() { am.flush(g) })
}

func (am *alertmanager) flush(g *group) {
	now := am.clock.now
	next := notice{now, map[string]bool{}, map[string]bool{}}
	payload := make([]*sentAlert, 0, len(g.alerts))
	for _, id := range slices.Sorted(maps.Keys(g.alerts)) {
		a := *g.alerts[id]
		if a.firing(now) {
			next.firing[id] = true
			a.ends = 0
		} else {
			next.resolved[id] = true
		}
		payload = append(payload, &a)
	}
	am.tell(g.key, next, payload)
	for id := range next.resolved {
		delete(g.alerts, id)
	}
	if len(g.alerts) == 0 {
		delete(am.groups, g.key)
		return
	}
	am.clock.after(g.key.route.RouteOpts.GroupInterval, func() { am.flush(g) })
}

// tell delivers a payload if it has news.
func (am *alertmanager) tell(key groupKey, next notice, payload []*sentAlert) {
	opts := key.route.RouteOpts
	last, ever := am.told[key]
	told := false
	for _, resolved := range am.sends[opts.Receiver] {
		if !news(last, ever, next, opts.RepeatInterval, resolved) {
			continue
		}
		told = true
		if resolved {
			am.deliver(payload)
			continue
		}
		var firing []*sentAlert
		for _, a := range payload {
			if a.ends == 0 {
				firing = append(firing, a)
			}
		}
		if len(firing) > 0 {
			am.deliver(firing)
		}
	}
	if told {
		am.told[key] = next
	}
}

// news is needsUpdate of Alertmanager's dedup_stage.go.
func news(last notice, ever bool, next notice, repeat time.Duration, sendResolved bool) bool {
	switch {
	case !ever:
		return len(next.firing) > 0
	case !subset(next.firing, last.firing):
		return true
	case len(next.firing) == 0:
		return len(last.firing) > 0
	case sendResolved && !subset(next.resolved, last.resolved):
		return true
	}
	return last.at < next.at-repeat
}

func subset(of, all map[string]bool) bool {
	for id := range of {
		if !all[id] {
			return false
		}
	}
	return true
}
