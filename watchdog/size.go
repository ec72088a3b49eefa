package watchdog

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// A size is a number of bytes. As a bound, 0 is none.
type size int64

var sizeUnits = []struct {
	suffix string
	bytes  size
}{{"Gi", 1 << 30}, {"Mi", 1 << 20}, {"Ki", 1 << 10}, {"G", 1e9}, {"M", 1e6}, {"K", 1e3}, {"k", 1e3}, {"", 1}}

// parseSize reads a whole number of bytes, or of a unit such as Mi.
func parseSize(text string) (size, error) {
	for _, u := range sizeUnits {
		number, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 63)
		if err != nil || size(n) > math.MaxInt64/u.bytes {
			break
		}
		return size(n) * u.bytes, nil
	}
	return 0, fmt.Errorf("%q is not a size such as 64Mi, or whole bytes", text)
}

// String is the size in the largest binary unit that divides it.
func (s size) String() string {
	for _, u := range sizeUnits[:3] {
		if s > 0 && s%u.bytes == 0 {
			return strconv.FormatInt(int64(s/u.bytes), 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

var (
	errBodySize   = errors.New("request body is larger than max_body")
	errOutputSize = errors.New("output is larger than max_body")
)

// readBody reads the whole body of r, of which there may be as much as most.
func readBody(r *http.Request, most size) (*pieces, error) {
	tooLarge := fmt.Errorf("%w, %s", errBodySize, most)
	if most > 0 && r.ContentLength > int64(most) {
		return nil, tooLarge
	}
	body := &pieces{}
	if err := body.readAll(r.Body, most); err != nil {
		return nil, bodyError(err)
	}
	if most > 0 && body.size > most {
		return nil, tooLarge
	}
	return body, nil
}
