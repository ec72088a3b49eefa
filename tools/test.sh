#!/usr/bin/env bash
# test.sh STAGE GO-TEST-ARGUMENTS... runs go test by gotestsum and says how many tests passed, failed and were skipped.
#
# It prints one line for a package, and of each test that failed everything, at the end. A skipped test is named and,
# under CI, is a failure: there, everything that a test needs is installed. (A fuzz target that skips a seed only says
# that the seed is not its kind of input.)
# A test that failed is run once more, without those that ran beside it, and is named if it passes then: times on a
# machine that others use are not all in its hands. More than a few failures, and data races, are no such thing.
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
packages=() arguments=()
for argument in "$@"; do
	case $argument in
	./* | faas | faas/*) packages+=("$argument") ;;
	*) arguments+=("$argument") ;;
	esac
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

status=0
go tool -modfile=tools/go.mod gotestsum --format pkgname --format-icons text --format-hide-empty-pkg --hide-summary skipped \
	--jsonfile-timing-events "$work/events" --packages "${packages[*]}" \
	--rerun-fails=1 --rerun-fails-abort-on-data-race -- "${arguments[@]}" || status=1

# One event a line, of which the last about a test is what counts. Of a test and its parts, the part is named.
touch "$work/events"
awk -v stage="$stage" -v counts="$work/counts" '
	function field(name) { return match($0, "\"" name "\":\"[^\"]*\"") ? substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 5) : "" }
	{
		test = field("Test"); action = field("Action")
		if (test == "" || (action == "skip" && test ~ /^Fuzz[^\/]*\//)) next
		name = field("Package") " " test
		if (last[name] == "fail" && action == "pass") again[name]
		last[name] = action
	}
	END {
		for (name in last) {
			n[last[name]]++
			if (last[name] == "skip") print stage ": skipped: " name
		}
		for (name in again) for (whole = name; sub(/\/[^\/ ]*$/, "", whole) && whole ~ / /;) delete again[whole]
		for (name in again) {
			reruns++
			print stage ": failed at first, and passed when it ran again: " name
		}
		printf "%d %d %d %d\n", n["pass"], n["fail"], n["skip"], reruns > counts
	}' "$work/events" >&2

read -r passed failed skipped reruns <"$work/counts"
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi # it did not build, or crashed
again=
[ "$reruns" -eq 0 ] || again=" ($reruns when run again)"
say "$stage: $passed passed$again, $failed failed, $skipped skipped"
[ -z "${RESULTS:-}" ] || printf '%s %s %s %s\n' "$stage" "$passed" "$failed" "$skipped" >>"$RESULTS"
if [ "$skipped" -gt 0 ] && [ "${CI:-}" = true ]; then
	say "$stage: no test may be skipped here"
	status=1
fi
exit $status
