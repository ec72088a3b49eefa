#!/usr/bin/env bash
# test-e2e.sh runs the end-to-end tests in two lanes. The first holds scaling to its times, and has the processors when it
# wants them. The second, which waits for whatever takes long, takes what is left: it compiles functions and runs a browser.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

patient='^(TestOwn|TestSamples|TestDashboard)'
log=$(mktemp)
trap 'rm -f "$log"' EXIT

second() {
	local status=0
	nice -n 10 tools/test.sh patient -count=1 -timeout 8m -parallel 4 -run "$patient" ./e2e || status=1
	nice -n 10 tools/test.sh documents -count=1 -timeout 8m -parallel 7 -p 1 ./e2e/stock ./e2e/transcript ./e2e/docs ./e2e/browser || status=1
	return "$status"
}
second >"$log" 2>&1 &
status=0
tools/test.sh e2e -count=1 -timeout 8m -parallel 7 -skip "$patient" ./e2e || status=1
wait $! || status=1
cat "$log"
exit "$status"
