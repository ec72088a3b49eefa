#!/usr/bin/env bash
# languages.sh installs Python and Node.js, where they are missing, for the tests of functions in these languages (Debian and what
# descends from it).
set -euo pipefail
. "$(dirname "$0")/lib.sh"

missing=()
command -v python3 >/dev/null || missing+=(python3)
command -v node >/dev/null || missing+=(nodejs)
[ ${#missing[@]} -gt 0 ] || exit 0
if ! command -v apt-get >/dev/null; then
	say "languages: ${missing[*]} missing, and this is no Debian machine: install Python 3 and Node.js, then try again"
	exit 1
fi
say "installing ${missing[*]}"
install_packages "${missing[@]}"
