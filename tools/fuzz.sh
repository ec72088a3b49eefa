#!/usr/bin/env bash
# fuzz.sh FUZZTIME runs every fuzz target of the module for so long, two at a time on one core each.
# FUZZJOBS changes how many at a time. Files with the constraint !fuzz are left out: what they import need not be
# compiled for fuzzing, which takes minutes.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

export FUZZTIME=${1:-30s}

# fuzz_one PACKAGE TARGET: a log that is shown only when it failed.
fuzz_one() {
	local log
	log=$(mktemp)
	if go test -tags fuzz -run '^$' -fuzz "^$2\$" -fuzztime "$FUZZTIME" -parallel 1 "$1" >"$log" 2>&1; then
		printf '%s %s: %s\n' "$1" "$2" "$(grep -o 'execs: [0-9]*' "$log" | tail -n 1)"
	# The fuzzing engine may report its own deadline as the failure; without a failing input nothing was found.
	elif grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"; then
		printf '%s %s: ended at its deadline\n' "$1" "$2"
	else
		cat "$log"
		printf '%s %s: FAILED\n' "$1" "$2"
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}
export -f fuzz_one

targets=$(grep -rEo --include='*_test.go' --exclude-dir=testdata --exclude-dir=node_modules --exclude-dir=bin \
	'^func Fuzz[A-Za-z0-9_]+\(' . | sed -E 's|^(.*)/[^/]*:func ([A-Za-z0-9_]+)\($|\1 \2|' | sort)
count=$(printf '%s' "$targets" | grep -c . || true)
say "$count fuzz targets, $FUZZTIME each"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
printf '%s\n' "$targets" | xargs -r -P "${FUZZJOBS:-2}" -L 1 bash -c 'fuzz_one "$1" "$2"' fuzz | tee "$log" || status=1
failed=$(grep -c ': FAILED$' "$log" || true)
say "fuzz: $((count - failed)) passed, $failed failed"
[ -z "${RESULTS:-}" ] || printf 'fuzz %s %s 0\n' $((count - failed)) "$failed" >>"$RESULTS"
exit $status
