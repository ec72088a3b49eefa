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
say "installing chromium-headless-shell, which takes half a minute"
install_packages chromium-headless-shell || install_packages chromium # older distributions have the second only
