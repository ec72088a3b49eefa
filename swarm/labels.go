package swarm

import (
	"maps"
	"strings"

	api "github.com/docker/docker/api/types/swarm"

	"faas/function"
)

// Labels by which functions are known, those of OpenFaaS and of its ancestor among them.
const (
	labelFunction   = "function"              // "true" on every function
	labelName       = "com.openfaas.function" // the function's name
	labelAnnotation = "com.openfaas.annotations."
	labelNetwork    = "openfaas" // "true" on the network of functions
	labelStack      = "com.docker.stack.namespace"
	labelStackImage = "com.docker.stack.image"
)

// Labels that keep what a user deployed where a service's spec has no room for it as it was written.
const (
	labelOurs     = "com.faas."
	labelImage    = labelOurs + "image"        // as it was deployed
	labelPinned   = labelOurs + "image.pinned" // what the spec had in its place
	labelLimits   = labelOurs + "limits."
	labelRequests = labelOurs + "requests."
	labelRevived  = labelOurs + "revived"    // when Swarm was last asked to start what it had given up
	labelRollback = labelOurs + "rolledback" // when the update began that Swarm last took back
	labelGone     = labelOurs + "gone."      // + a label of the containers that counts no more
)

// LabelTable lists the labels of services, networks and secrets that this backend reads or writes. A user sets the first four at most.
func LabelTable() []function.Label {
	return []function.Label{
		{Key: labelFunction, Kind: "true", Where: "service or container", Meaning: "It is a function. A service that was made by hand needs no more than this."},
		{Key: labelName, Kind: "name", Where: "service or container", Meaning: "The function's name, where it is not the service's."},
		{Key: labelAnnotation + "KEY", Kind: "text", Where: "service or container", Meaning: "The annotation KEY."},
		{Key: labelNetwork, Kind: "true", Where: "network", Meaning: "The network that functions are on, where --network names none."},
		{Key: labelImage, Kind: "image", Where: "service", Meaning: "The image as it was deployed, without a digest."},
		{Key: labelPinned, Kind: "image", Where: "service", Meaning: "What the service runs in its place."},
		{Key: labelLimits + "cpu, memory", Kind: "quantity", Where: "service", Meaning: "Limits as they were written."},
		{Key: labelRequests + "cpu, memory", Kind: "quantity", Where: "service", Meaning: "Requests as they were written."},
		{Key: labelGone + "LABEL", Kind: "true", Where: "service", Meaning: "That label of the containers counts no more, since it was reset without a deployment."},
		{Key: labelRevived, Kind: "time", Where: "service", Meaning: "When Swarm was last asked to start what it had given up."},
		{Key: labelRollback, Kind: "time", Where: "service", Meaning: "When the update began that Swarm last took back."},
		{Key: labelOwner, Kind: ownerOurs, Where: "secret", Meaning: "It was made through the API, and is listed there."},
		{Key: labelSecret, Kind: "name", Where: "secret", Meaning: "The secret of which this is a later version."},
		{Key: labelVersion, Kind: "whole number from 2", Where: "secret", Meaning: "The number of that version."},
		{Key: labelFresh, Kind: "true", Where: "secret", Meaning: "Not every function was given this version yet."},
	}
}

// isFunction reports whether a service is a function: it, or its containers, carry the label. One that was made by
// hand needs no more than that.
func isFunction(spec api.ServiceSpec) bool {
	if spec.Mode.Replicated == nil && spec.Mode.Global == nil {
		return false // a job ends, and answers nobody
	}
	for _, labels := range labelSets(spec) {
		if v, ok := labels[labelFunction]; ok {
			return v != "false"
		}
		if labels[labelName] != "" {
			return true
		}
	}
	return false
}

// labelSets are the labels of a service and those of its containers.
func labelSets(spec api.ServiceSpec) []map[string]string {
	sets := []map[string]string{spec.Labels}
	if c := spec.TaskTemplate.ContainerSpec; c != nil {
		sets = append(sets, c.Labels)
	}
	return sets
}

// userLabels are the labels that a user wrote: those of the service over those of the containers, without those that were
// taken away and what marks the service as a function or belongs to a tool.
func userLabels(spec api.ServiceSpec) map[string]string {
	all := map[string]string{}
	if c := spec.TaskTemplate.ContainerSpec; c != nil {
		maps.Copy(all, c.Labels)
	}
	maps.DeleteFunc(all, func(key, _ string) bool { return spec.Labels[labelGone+key] != "" })
	maps.Copy(all, spec.Labels)
	maps.DeleteFunc(all, func(key, _ string) bool { return isManaged(key) })
	return all
}

// isManaged reports whether a label is no user's.
func isManaged(key string) bool {
	return key == labelFunction || key == labelName ||
		strings.HasPrefix(key, labelAnnotation) || strings.HasPrefix(key, labelOurs) || strings.HasPrefix(key, "com.docker.stack.")
}

// annotations are the labels that keep annotations.
func annotations(spec api.ServiceSpec) map[string]string {
	found := map[string]string{}
	for _, labels := range labelSets(spec) {
		for key, value := range labels {
			if name, ok := strings.CutPrefix(key, labelAnnotation); ok && found[name] == "" {
				found[name] = value
			}
		}
	}
	return found
}
