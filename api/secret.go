package api

// Secret is the body of POST, PUT and DELETE /system/secrets, and what GET lists, which is never a value.
type Secret struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
	// Value is text. RawValue, base64 in JSON, is any bytes, and is taken where both are sent.
	Value    string `json:"value,omitempty"`
	RawValue []byte `json:"rawValue,omitempty"`
}
