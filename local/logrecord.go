package local

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"time"
)

// logRecord is a line of a slot's file, such as
//
//	2026-11-23T10:15:00.250731004Z [2.5f0c22a9d001] what the replica wrote
//
// Between the brackets is the replica's ID without the function's name. The lines of versions before secrets and logs
// were served have no brackets.
type logRecord struct {
	at time.Time
	// replica is empty in lines that do not tell.
	replica string
	// removed says that the function had been removed when its replica, which was draining, wrote the line. Another
	// function that is given the name meanwhile has nothing to do with it. The word "removed" stands behind the ID.
	removed bool
	text    []byte
}

const removedWord = " removed"

// append appends the line with its end.
func (r logRecord) append(to []byte) []byte {
	to = append(r.at.UTC().AppendFormat(to, time.RFC3339Nano), " ["...)
	to = append(to, r.replica...)
	if r.removed {
		to = append(to, removedWord...)
	}
	to = append(to, "] "...)
	return append(append(to, r.text...), '\n')
}

// parseRecord reads a line of a slot's file, without its end; the text is a part of line. It is false for what is no
// record, such as one that a full disk cut off.
func parseRecord(line []byte, slot int) (logRecord, bool) {
	stamp, text, ok := bytes.Cut(line, []byte{' '})
	r := logRecord{text: text}
	if !ok || r.at.UnmarshalText(stamp) != nil {
		return logRecord{}, false
	}
	if id, rest, ok := bytes.Cut(text, []byte("] ")); ok && len(id) > 0 && id[0] == '[' {
		id, removed := bytes.CutSuffix(id[1:], []byte(removedWord))
		if in, ok := slotOf(string(id)); ok && in == slot { // or it is of the text
			r.replica, r.removed, r.text = string(id), removed, rest
		}
	}
	return r, true
}

// slotOf is the number of the slot that a replica is of, by its ID without the function's name. It is false for what
// is no such ID.
func slotOf(replica string) (int, bool) {
	const hexLength = 12 // of randomHex
	dot := len(replica) - hexLength - 1
	if dot < 1 || replica[dot] != '.' {
		return 0, false
	}
	if _, err := hex.DecodeString(replica[dot+1:]); err != nil {
		return 0, false
	}
	slot, err := strconv.Atoi(replica[:dot])
	return slot, err == nil && slot > 0 && strconv.Itoa(slot) == replica[:dot]
}
