#!/usr/bin/env bash
# chromium.sh installs a headless Chromium for the browser tests, where there is none (Debian and what descends from it).
set -euo pipefail
. "$(dirname "$0")/lib.sh"

for name in chromium-headless-shell chromium chromium-browser google-chrome; do
	! command -v "$name" >/dev/null || exit 0
done
if ! command -v apt-get >/dev/null; then
	say "chromium: there is none, and this is no Debian machine: install Chromium, then try again"
	exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
say "installing chromium-headless-shell, which takes half a minute"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for package in chromium-headless-shell chromium; do # older distributions have the second only
	if "${as_root[@]}" apt-get update -q >"$log" 2>&1 &&
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$package" >>"$log" 2>&1; then
		exit 0
	fi
done
say "chromium: the installation failed:"
tail -n 5 "$log" >&2
exit 1
