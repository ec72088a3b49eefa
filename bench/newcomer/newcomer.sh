#!/usr/bin/env bash
# newcomer.sh measures how long it takes from a clone of the last commit to functions that answer, scale, and are one's own,
# where Go has neither downloaded nor compiled anything before: result: lines, in seconds from the clone on. It listens on
# 127.66.0.1, and all that it makes is in a folder of its own.
set -euo pipefail
. "$(dirname "$0")/../../tools/lib.sh"

work=$(mktemp -d) root=$PWD up=
end() {
	if [ -n "$up" ]; then kill -INT -- "-$up" 2>/dev/null && wait "$up" 2>/dev/null || true; fi
	chmod -R u+w "$work" && rm -rf "$work"
}
trap end EXIT
export GOCACHE=$work/cache GOMODCACHE=$work/modules
host=127.66.0.1
export FAAS_LISTEN=$host:8080 FAAS_METRICS_LISTEN=$host:8082 FAAS_PROMETHEUS_LISTEN=$host:9090 FAAS_ALERTMANAGER_LISTEN=$host:9093
now() { date +%s.%N; }
result() { awk -v name="$1" -v began="$began" -v now="$(now)" 'BEGIN { printf "result: %s %.1f s\n", name, now - began }'; }
# await TRIES SECONDS WHAT COMMAND...: tries until the command succeeds, with so long between.
await() {
	local tries=$1 pause=$2 what=$3 i
	shift 3
	for ((i = 0; i < tries; i++)); do
		! "$@" || return 0
		sleep "$pause"
	done
	say "newcomer: $what: not in time"
	cat "$work/log" >&2
	return 1
}
ready() { grep -q '^faas is up' "$work/log"; }
scaled() { faas list | grep -q 'echoit .* 1[123]/1[123] '; }

began=$(now)
git clone -q "$root" "$work/faas"
cd "$work/faas"
set -m # make up gets a group of its own
make up >"$work/log" 2>&1 &
up=$!
set +m
await 1800 1 "make up is ready" ready
export PATH=$PWD/bin:$PATH
curl -sf -d hello "http://$host:8080/function/echoit" >/dev/null
result newcomer_first_answer
hey -z 10s -c 10 -q 5 "http://$host:8080/function/echoit" >"$work/load" &
await 200 0.1 "12 replicas" scaled
result newcomer_scaled
faas new hello --lang go >/dev/null
(cd hello && go test ./... >/dev/null)
faas deploy -f hello/stack.yml >/dev/null
[ "$(faas invoke hello --body you)" = 'hello got you' ]
result newcomer_own_function
