package api

import (
	"encoding/json"
	"time"
)

// FunctionDeployment is the body of POST and PUT /system/functions.
type FunctionDeployment struct {
	Service                string             `json:"service"`
	Image                  string             `json:"image"`
	Namespace              string             `json:"namespace,omitempty"`
	EnvProcess             string             `json:"envProcess,omitempty"`
	EnvVars                map[string]string  `json:"envVars,omitempty"`
	Constraints            []string           `json:"constraints,omitempty"`
	Secrets                []string           `json:"secrets,omitempty"`
	Labels                 *map[string]string `json:"labels,omitempty"`
	Annotations            *map[string]string `json:"annotations,omitempty"`
	Limits                 *FunctionResources `json:"limits,omitempty"`
	Requests               *FunctionResources `json:"requests,omitempty"`
	ReadOnlyRootFilesystem bool               `json:"readOnlyRootFilesystem,omitempty"`

	// Network and RegistryAuth come from old clients. Empty: the network that functions share, and no credentials
	// for the image's registry. RegistryAuth is user:password in base64.
	Network      string `json:"network,omitempty"`
	RegistryAuth string `json:"registryAuth,omitempty"`
}

// FunctionResources are quantities as their user wrote them, such as "128Mi" and "100m".
type FunctionResources struct {
	Memory string `json:"memory,omitempty"`
	CPU    string `json:"cpu,omitempty"`
}

// FunctionStatus is a function as GET /system/functions and GET /system/function/NAME show it.
// Labels and Annotations are never null.
type FunctionStatus struct {
	Name                   string             `json:"name"`
	Image                  string             `json:"image"`
	Namespace              string             `json:"namespace,omitempty"`
	EnvProcess             string             `json:"envProcess,omitempty"`
	EnvVars                map[string]string  `json:"envVars,omitempty"`
	Constraints            []string           `json:"constraints,omitempty"`
	Secrets                []string           `json:"secrets,omitempty"`
	Labels                 map[string]string  `json:"labels"`
	Annotations            map[string]string  `json:"annotations"`
	Limits                 *FunctionResources `json:"limits,omitempty"`
	Requests               *FunctionResources `json:"requests,omitempty"`
	ReadOnlyRootFilesystem bool               `json:"readOnlyRootFilesystem,omitempty"`

	// InvocationCount counts the invocations that this gateway finished.
	InvocationCount float64 `json:"invocationCount"`
	// Replicas is the number asked for, AvailableReplicas the number that can take requests now.
	Replicas          int `json:"replicas"`
	AvailableReplicas int `json:"availableReplicas"`
	// StartingReplicas are those that start or failed and are to be replaced: while there are some, an update is not over.
	// Clients of OpenFaaS do not know it.
	StartingReplicas int       `json:"startingReplicas,omitempty"`
	CreatedAt        time.Time `json:"createdAt"`
	// Blocked says why replicas cannot start. Empty: nothing stands in the way.
	Blocked string `json:"blocked,omitempty"`
	// Usage is left out where the backend cannot tell.
	Usage *FunctionUsage `json:"usage,omitempty"`
}

// MarshalJSON writes nil Labels and Annotations as {}, since stock clients read them without a check.
func (s FunctionStatus) MarshalJSON() ([]byte, error) {
	type plain FunctionStatus // without this method
	if s.Labels == nil {
		s.Labels = map[string]string{}
	}
	if s.Annotations == nil {
		s.Annotations = map[string]string{}
	}
	return json.Marshal(plain(s))
}

// FunctionUsage is what all replicas of a function use together.
type FunctionUsage struct {
	// CPU is in millicores.
	CPU              float64 `json:"cpu"`
	TotalMemoryBytes float64 `json:"totalMemoryBytes"`
}

// DeleteFunctionRequest is the body of DELETE /system/functions.
type DeleteFunctionRequest struct {
	FunctionName string `json:"functionName"`
	Namespace    string `json:"namespace,omitempty"`
}

// ScaleServiceRequest is the body of POST /system/scale-function/NAME. Replicas may be 0; it is a
// pointer so that a body without it can be told from one with 0.
type ScaleServiceRequest struct {
	ServiceName string  `json:"serviceName,omitempty"`
	Replicas    *uint64 `json:"replicas"`
	Namespace   string  `json:"namespace,omitempty"`
}
