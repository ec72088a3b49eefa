package function

import (
	"strconv"
	"strings"
)

// Annotations of a function that faas itself acts on. All others are kept for the user.
const (
	// AnnotationPages, with the value "trusted", says that what a function serves as pages may act as the portal itself does, with
	// the session of whoever opens them. docs/decisions/0020 has the reasons.
	AnnotationPages = "com.faas.pages"
	// AnnotationConcurrency says how many asynchronous calls of a function each gateway makes at once.
	AnnotationConcurrency = "com.faas.async.concurrency"
	// AnnotationHandler is the directory of a function's source on the gateway's machine, in which it runs as a process.
	AnnotationHandler = "com.faas.handler"
	// AnnotationBuild names the state of that source: another one replaces the replicas.
	AnnotationBuild = "com.faas.build"
	// AnnotationHealthcheck, set to "image", keeps the health check of a function's image.
	AnnotationHealthcheck = "com.faas.healthcheck"
	// AnnotationReadyPath names the path of a function that says by 2xx when a replica takes requests.
	AnnotationReadyPath = "com.openfaas.ready.http.path"
	// AnnotationNoFile bounds the open files of each process of a function.
	AnnotationNoFile = "com.openfaas.ulimit.nofile"
)

// Label describes a label or an annotation for those who set or read it. docs/reference/labels.md is made of it.
type Label struct {
	Key string
	// Kind is what a value looks like. Default is what counts where the label is not there, empty for nothing.
	Kind, Default string
	// Where is the backend that knows it, swarm or local. Empty: both.
	Where   string
	Meaning string
}

// ScalingLabelTable lists the labels that ParseScaling reads, with the defaults that it uses.
func ScalingLabelTable() []Label {
	var list []Label
	for _, s := range scalingSettings() {
		list = append(list, Label{
			Key: ScalingLabelPrefix + s.name, Kind: s.kind, Default: s.fallback(DefaultScaling()), Meaning: s.meaning,
		})
	}
	return list
}

// AnnotationTable lists the annotations that faas itself acts on.
func AnnotationTable() []Label {
	return []Label{
		{
			Key: AnnotationConcurrency, Kind: "whole number above 0", Default: "async_concurrency of the gateway",
			Meaning: "Asynchronous calls of the function that each gateway makes at once.",
		},
		{
			Key: AnnotationPages, Kind: "trusted",
			Meaning: "Lets what the function serves as a page have the gateway's origin, and so the portal's session. Without it pages are sandboxed.",
		},
		{
			Key: AnnotationReadyPath, Kind: "path, without a query", Where: "swarm",
			Meaning: "The path of the function that says by 2xx that a replica takes requests.",
		},
		{
			Key: AnnotationHealthcheck, Kind: "image", Where: "swarm",
			Meaning: "Keeps the image's HEALTHCHECK, which is turned off otherwise: a start would wait for its first pass.",
		},
		{
			Key: AnnotationNoFile, Kind: "whole number", Default: "that of faas up", Where: "local",
			Meaning: "Open files of each process of the function.",
		},
		{
			Key: AnnotationHandler, Kind: "absolute path", Where: "local",
			Meaning: "Directory of the function's source, in which it runs. faas deploy sets it.",
		},
		{
			Key: AnnotationBuild, Kind: "text", Where: "local",
			Meaning: "State of the source; another one replaces the replicas. faas deploy sets it.",
		},
	}
}

// scalingSetting is one scaling label: what stands behind ScalingLabelPrefix, what is said of it, and who reads it.
type scalingSetting struct {
	name, kind, meaning string
	// fallback is the default, from DefaultScaling.
	fallback func(Scaling) string
	read     func(p *scalingParser, key, value string)
}

// targetOfType is the name of target.TYPE in tables and messages; what stands for TYPE is one of scalingTypes.
const targetOfType = "target.TYPE"

func scalingSettings() []scalingSetting {
	whole := func(value func(Scaling) int) func(Scaling) string {
		return func(s Scaling) string { return strconv.Itoa(value(s)) }
	}
	return []scalingSetting{
		{
			"min", "whole number, 0 to " + strconv.Itoa(MaxReplicas), "Fewest replicas that a rule or an alert may order.",
			whole(func(s Scaling) int { return s.Min }),
			func(p *scalingParser, key, value string) { p.integer(&p.s.Min, key, value, 0, MaxReplicas) },
		},
		{
			"max", "whole number, 1 to " + strconv.Itoa(MaxReplicas), "Most replicas that a rule or an alert may order.",
			whole(func(s Scaling) int { return s.Max }),
			func(p *scalingParser, key, value string) { p.hasMax = p.integer(&p.s.Max, key, value, 1, MaxReplicas) },
		},
		{
			"type", orTypes(scalingTypes) + "; or several with commas between", "Load that replicas follow. Of several the largest wish wins.",
			func(s Scaling) string { return string(s.Signals[0].Type) },
			func(p *scalingParser, _, _ string) { p.errs.add(p.typesErr) }, // read before all others, which need it
		},
		{
			"target", "number above 0, in the unit of the type", "Load that one replica should carry, of the first type.", defaultTargetsText,
			func(p *scalingParser, key, value string) { p.target(p.types[0], key, value) },
		},
		{
			targetOfType, "number above 0, in the unit of the type", "The same of another type, such as target.cpu.",
			func(Scaling) string { return "that of the type, as of target" },
			nil, // its name is read: see scalingParser.read
		},
		{
			"target-proportion", "number above 0, at most 1", "Share of each target to plan for: one replica is full at target × proportion.",
			func(s Scaling) string { return strconv.FormatFloat(s.Proportion, 'g', -1, 64) },
			(*scalingParser).proportion,
		},
		{
			"slots", "whole number, 0 to " + strconv.Itoa(maxSlots), "Requests that one replica takes at once; the gateway holds the others. 0: no bound is known.",
			func(Scaling) string { return maxInflightVariable + " of the function's environment, else 0" },
			func(p *scalingParser, key, value string) { p.integer(&p.s.Slots, key, value, 0, maxSlots) },
		},
		{
			"down.window", "10s, 30s, 1m, 5m or 15m", "Replicas go only when none of this time needed them.",
			func(s Scaling) string { return s.DownWindow.String() },
			(*scalingParser).window,
		},
		{
			"zero", "true or false", "Lets the function go to no replicas when nobody calls it.",
			func(s Scaling) string { return strconv.FormatBool(s.Zero) },
			(*scalingParser).zero,
		},
		{
			"zero-duration", "duration of at least 1s", "Time without an arrival after which it goes there.",
			func(s Scaling) string { return strings.TrimSuffix(s.ZeroDuration.String(), "0s") },
			(*scalingParser).zeroDuration,
		},
		{
			"factor", "whole number, 0 to 100", "Step of classic alerts, those without a count: this percentage of max, rounded up. 0 turns step scaling off.",
			whole(func(s Scaling) int { return s.Factor }),
			func(p *scalingParser, key, value string) { p.integer(&p.s.Factor, key, value, 0, 100) },
		},
	}
}

// defaultTargetsText lists the default of each type, those without one too.
func defaultTargetsText(Scaling) string {
	var parts []string
	for _, t := range scalingTypes {
		text := string(t) + ": none"
		if target, ok := defaultTargets[t]; ok {
			text = string(t) + ": " + strconv.FormatFloat(target, 'g', -1, 64)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}
