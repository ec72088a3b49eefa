package stock

import (
	"encoding/json"
	"fmt"
	"strings"
)

// decode reads an answer into v. Fields that v does not have are fine. Each path in wanted (a.b for b in a) must be there
// and must not be null or an empty text: the clients print or follow it without a look.
func decode(text []byte, v any, wanted ...string) error {
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("decode %.200q: %w", text, err)
	}
	for _, path := range wanted {
		if err := reach(text, path); err != nil {
			return fmt.Errorf("%w in %.400s", err, text)
		}
	}
	return nil
}

// reach follows path into a JSON object.
func reach(text []byte, path string) error {
	at := json.RawMessage(text)
	for _, name := range strings.Split(path, ".") {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(at, &object); err != nil {
			return fmt.Errorf("%s: no object", path)
		}
		at = object[name]
		switch string(at) {
		case "":
			return fmt.Errorf("%s is missing", path)
		case "null", `""`:
			return fmt.Errorf("%s is %s", path, at)
		}
	}
	return nil
}

// decodeList reads an answer that is a list, never null, into one value for each entry.
func decodeList[T any](text []byte, wanted ...string) ([]T, error) {
	var entries []json.RawMessage
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, fmt.Errorf("decode %.200q: %w", text, err)
	}
	if entries == nil {
		return nil, fmt.Errorf("the list is %s", text)
	}
	list := make([]T, len(entries))
	for i, entry := range entries {
		if err := decode(entry, &list[i], wanted...); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return list, nil
}
