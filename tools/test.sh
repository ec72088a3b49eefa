#!/usr/bin/env bash
# test.sh STAGE GO-TEST-ARGUMENTS... runs go test and says how many tests passed, failed and were skipped.
#
# It prints what go test prints without -v: one line for a package that passed, everything for one that
# failed. A skipped test is named and, under CI, is a failure: there, everything that a test needs is installed.
# (A fuzz target that skips a seed only says that the seed is not its kind of input.)
# -race, given first, is left out where there is no C compiler.
# With RESULTS=FILE the counts are added to FILE as "STAGE passed failed skipped".
set -euo pipefail
. "$(dirname "$0")/lib.sh"

stage=$1
shift
if [ "${1:-}" = -race ] && ! command -v "$(go env CC)" >/dev/null; then
	say "$stage: without the race detector, which needs a C compiler"
	shift
fi
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT

status=0
go test -v "$@" 2>&1 | awk -v counts="$counts" '
	/^ *--- PASS: / { passed++ }
	/^ *--- FAIL: / { failed++ }
	/^ *--- SKIP: / && !/SKIP: Fuzz[^ ]*\// { skipped++; skips = skips $0 "\n" }
	{ log_of_package = log_of_package $0 "\n" }
	/^(ok|\?) .*\t|^\t.*coverage: / { print; fflush(); log_of_package = "" }
	/^ok  \t|^\?   \t/ { if (skips != "") printf "%s", skips; skips = "" }
	/^FAIL\t/ { printf "%s", log_of_package; fflush(); log_of_package = ""; skips = "" }
	END {
		if (log_of_package !~ /^(FAIL\n)?$/) printf "%s", log_of_package
		printf "%d %d %d\n", passed, failed, skipped > counts
	}' || status=1

read -r passed failed skipped <"$counts"
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi # it did not build, or crashed
say "$stage: $passed passed, $failed failed, $skipped skipped"
[ -z "${RESULTS:-}" ] || printf '%s %s %s %s\n' "$stage" "$passed" "$failed" "$skipped" >>"$RESULTS"
if [ "$skipped" -gt 0 ] && [ "${CI:-}" = true ]; then
	say "$stage: no test may be skipped here"
	status=1
fi
exit $status
