#!/usr/bin/env bash
# rules.sh checks the configuration of Prometheus and Alertmanager, the rules, runs the rules' unit tests, and rehearses them.
# PROMTOOL and AMTOOL name other binaries than bin/'s, to check with another version.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

promtool=${PROMTOOL:-bin/promtool}
amtool=${AMTOOL:-bin/amtool}
passed=0 failed=0

# check WHAT COMMAND...: quiet when it passes.
check() {
	local what=$1 output
	shift
	if output=$("$@" 2>&1); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s\n%s: FAILED\n' "$output" "$what"
	fi
}

say "$("$promtool" --version 2>&1 | head -n 1); $("$amtool" --version 2>&1 | head -n 1)"
# A file is what its top-level key says, wherever it lies: groups are rules, tests are unit tests of rules.
while IFS= read -r file; do
	if grep -q '^groups:' "$file"; then
		check "rules $file" "$promtool" check rules --lint=all --lint-fatal "$file"
	elif grep -q '^tests:' "$file"; then
		check "rule tests $file" "$promtool" test rules "$file"
	elif grep -q '^scrape_configs:' "$file"; then # without the files that exist only where it runs
		check "config $file" "$promtool" check config --syntax-only "$file"
	fi
done < <(find prometheus -name '*.yml' | sort)
while IFS= read -r file; do
	check "config $file" "$amtool" check-config "$file"
done < <(find alertmanager -name '*.yml' | sort)

# What the shipped rules do with whole loads, in virtual time. No promtool has a part in it: once is enough.
if [ -z "${PROMTOOL:-}" ]; then
	output=$(go test -count=1 -v -run '^TestShippedRules' ./rehearse 2>&1) || true
	loads=$(grep -c '^--- PASS: TestShippedRules' <<<"$output" || true)
	if [ "$loads" -eq 4 ] && ! grep -q '^--- FAIL' <<<"$output"; then
		passed=$((passed + loads))
	else
		failed=$((failed + 1))
		printf '%s\nrehearsed loads: FAILED\n' "$output"
	fi
fi

say "rules: $passed passed, $failed failed"
[ -z "${RESULTS:-}" ] || printf 'rules %s %s 0\n' "$passed" "$failed" >>"$RESULTS"
[ "$failed" -eq 0 ]
