#!/usr/bin/env bash
# test-e2e.sh runs the end-to-end tests. First those that start and compile much at once: they wait for whatever takes long,
# and would stop others for seconds. Then two lanes: one holds scaling to its times, and the other, which types documents and
# runs a browser, takes what that leaves of the processors.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

patient='^(TestOwn|TestSamples|TestDashboard)'
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
tools/test.sh patient -count=1 -timeout 8m -parallel 4 -run "$patient" ./e2e || status=1
nice -n 10 tools/test.sh documents -count=1 -timeout 8m -parallel 7 -p 1 ./e2e/stock ./e2e/transcript ./e2e/docs ./e2e/browser >"$log" 2>&1 &
tools/test.sh e2e -count=1 -timeout 8m -parallel 7 -skip "$patient" ./e2e || status=1
wait $! || status=1
cat "$log"
exit "$status"
