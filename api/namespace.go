package api

// Namespace is the answer of GET /system/namespace/NAME.
type Namespace struct {
	Name        string            `json:"name"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
}
