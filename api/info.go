package api

// Info is the answer of GET /system/info. Nothing in it is null or empty.
type Info struct {
	Provider Provider `json:"provider"`
	Version  Version  `json:"version"`
	Arch     string   `json:"arch"`
}

// Provider tells which backend runs the functions.
type Provider struct {
	// Provider is the backend's name, Orchestration the kind of system it drives.
	Provider      string  `json:"provider"`
	Orchestration string  `json:"orchestration"`
	Version       Version `json:"version"`
}

// Version is a release and the commit that it was built from.
type Version struct {
	Release string `json:"release"`
	SHA     string `json:"sha"`
}
