#!/usr/bin/env bash
# rules.sh checks the configuration of Prometheus and Alertmanager, the rules, runs the rules' unit tests, and rehearses them. It
# also holds grafana/dashboard.json against its source.
# PROMTOOL and AMTOOL name other binaries than bin/'s, to check with another version. LEAVE_OUT=NAME leaves out the unit
# tests NAME.yml.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

promtool=${PROMTOOL:-bin/promtool}
amtool=${AMTOOL:-bin/amtool}
verdicts=$(mktemp -d)
trap 'rm -rf "$verdicts"' EXIT
checks=0

# check WHAT COMMAND...: quiet when it passes. As many run at once as there are processors.
check() {
	local what=$1 verdict
	shift
	while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
	checks=$((checks + 1))
	verdict=$verdicts/$checks
	{
		if "$@" >"$verdict.output" 2>&1; then
			echo passed >"$verdict"
		else
			echo failed >"$verdict"
			printf '%s: FAILED\n' "$what" >>"$verdict.output"
			cat "$verdict.output"
		fi
	} &
}

# rehearse plays four whole loads through the shipped rules, in virtual time.
rehearse() {
	local output passed
	output=$(go test -count=1 -v -run '^TestShippedRules' ./rehearse 2>&1) || true
	passed=$(grep -c '^--- PASS: TestShippedRules' <<<"$output" || true)
	if [ "$passed" -ne 4 ] || grep -q '^--- FAIL' <<<"$output"; then
		printf '%s\n' "$output"
		return 1
	fi
}

# dashboard holds the committed dashboard against its source, and that against Grafana's schema.
dashboard() { go -C grafana vet . && go -C grafana run . -check; }

say "$("$promtool" --version 2>&1 | head -n 1); $("$amtool" --version 2>&1 | head -n 1)"
# A file is what its top-level key says, wherever it lies: groups are rules, tests are unit tests of rules.
while IFS= read -r file; do
	if grep -q '^groups:' "$file"; then
		check "rules $file" "$promtool" check rules --lint=all --lint-fatal "$file"
	elif grep -q '^tests:' "$file"; then
		[ "${file##*/}" != "${LEAVE_OUT:-}.yml" ] || continue
		check "rule tests $file" "$promtool" test rules "$file"
	elif grep -q '^scrape_configs:' "$file"; then # without the files that exist only where it runs
		check "config $file" "$promtool" check config --syntax-only "$file"
	fi
done < <(find prometheus grafana -name '*.yml' | sort)
while IFS= read -r file; do
	check "config $file" "$amtool" check-config "$file"
done < <(find alertmanager -name '*.yml' | sort)

if [ -z "${PROMTOOL:-}" ]; then # no promtool has a part in these: once is enough
	check "rehearsed loads" rehearse
	check "grafana/dashboard.json" dashboard
fi
wait

passed=$({ grep -lx passed "$verdicts"/*[0-9] || true; } | wc -l)
failed=$((checks - passed))
say "rules: $passed passed, $failed failed"
[ -z "${RESULTS:-}" ] || printf 'rules %s %s 0\n' "$passed" "$failed" >>"$RESULTS"
[ "$failed" -eq 0 ]
