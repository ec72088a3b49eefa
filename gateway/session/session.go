package session

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Cookie is the name of the cookie that carries the token.
const Cookie = "faas_session"

const (
	// Lasts is how long a session goes on that nobody uses. One that is used in the second half of that time is renewed.
	Lasts = 12 * time.Hour
	// Longest is how long it goes on at most, so that a stolen token cannot be renewed for ever.
	Longest = 7 * 24 * time.Hour
)

// The token is base64url of: the version, the two times in seconds since 1970, and the MAC of all that.
const (
	version   = 1
	signed    = 1 + 8 + 8
	tokenSize = signed + sha256.Size
)

// ErrEnded means that a token was good once.
var ErrEnded = errors.New("the session has ended: sign in again")

var errForged = errors.New("the token is none of ours: sign in again")

// encoding has one form for each token: strict also about bits that do not count.
var encoding = base64.RawURLEncoding.Strict()

// Keeper makes tokens and reads them. It is safe for concurrent use.
type Keeper struct {
	user string
	key  []byte
}

// New makes a keeper of the sessions of one user.
func New(user, password string) (*Keeper, error) {
	key, err := hkdf.Key(sha256.New, []byte(password), []byte(user), "faas session token 1", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive the key of sessions: %w", err)
	}
	return &Keeper{user: user, key: key}, nil
}

// Session is one person signed in, with a precision of a second.
type Session struct {
	User string
	// Began is when the password was given, Ends when the token is good no more.
	Began, Ends time.Time
}

// Due is when the session should be renewed, if it is used then.
func (s Session) Due() time.Time {
	if !s.Ends.Before(s.Began.Add(Longest)) {
		return s.Ends
	}
	return s.Ends.Add(-Lasts / 2)
}

// Begin starts a session at now.
func (k *Keeper) Begin(now time.Time) Session { return k.Renew(Session{Began: now}, now) }

// Renew is s with all of its time before it again.
func (k *Keeper) Renew(s Session, now time.Time) Session {
	ends := now.Add(Lasts)
	if last := s.Began.Add(Longest); ends.After(last) {
		ends = last
	}
	return Session{User: k.user, Began: s.Began, Ends: ends}
}

// Token is what the client keeps of s.
func (k *Keeper) Token(s Session) string {
	b := make([]byte, signed, tokenSize)
	b[0] = version
	binary.BigEndian.PutUint64(b[1:], uint64(s.Began.Unix())) //nolint:gosec // G115: it is put back the same way
	binary.BigEndian.PutUint64(b[9:], uint64(s.Ends.Unix()))  //nolint:gosec // as above
	return encoding.EncodeToString(k.sign(b))
}

// Open reads a token at now. Its errors are for people.
func (k *Keeper) Open(token string, now time.Time) (Session, error) {
	if len(token) != encoding.EncodedLen(tokenSize) {
		return Session{}, errForged
	}
	b, err := encoding.DecodeString(token)
	if err != nil || b[0] != version {
		return Session{}, errForged
	}
	if !hmac.Equal(k.sign(b[:signed:signed]), b) {
		return Session{}, errForged
	}
	s := Session{User: k.user, Began: unix(b[1:]), Ends: unix(b[9:])}
	if !now.Before(s.Ends) {
		return Session{}, ErrEnded
	}
	return s, nil
}

// sign appends the MAC.
func (k *Keeper) sign(b []byte) []byte {
	mac := hmac.New(sha256.New, k.key)
	mac.Write(b)
	return mac.Sum(b)
}

func unix(b []byte) time.Time {
	return time.Unix(int64(binary.BigEndian.Uint64(b)), 0) //nolint:gosec // G115: it was put there so
}
