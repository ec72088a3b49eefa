#!/usr/bin/env bash
# web.sh build   makes web/dist anew from the portal's sources
# web.sh check   checks types, style and unit tests of the sources, and that web/dist is what they make
#
# It wants Node.js 20.19 or newer, and gets one into tools/cache where there is none: by npm, which it installs where that
# is missing too (Debian and what descends from it).
set -euo pipefail
. "$(dirname "$0")/lib.sh"

new_enough() { command -v node >/dev/null && at_least "$(node --version | tr -d v)" 20.19; }

# node puts a Node.js that is new enough on PATH.
node_on_path() {
	local cache=$PWD/tools/cache/node
	PATH=$cache/node_modules/node/bin:$PATH
	! new_enough || return 0
	if ! command -v npm >/dev/null; then
		if ! command -v apt-get >/dev/null; then
			say "web: there is no npm, and this is no Debian machine: install Node.js 20.19 or newer, then try again"
			exit 1
		fi
		say "installing npm, which takes a minute"
		install_packages npm
		! new_enough || return 0
	fi
	say "installing Node.js $NODE_PIN into tools/cache"
	mkdir -p "$cache"
	npm install --prefix "$cache" --no-audit --no-fund --no-save "node@$NODE_PIN" >&2
	hash -r
	new_enough || { say "web: node is still $(node --version)"; exit 1; }
}

packages() { npm ci --prefix web --no-audit --no-fund --loglevel=error >&2; }

case ${1:-} in
build)
	node_on_path
	packages
	npm run --prefix web build >&2
	;;
check)
	node_on_path
	packages
	npm run --prefix web check >&2
	made=$(mktemp -d)
	trap 'rm -rf "$made"' EXIT
	npm run --prefix web build -- --outDir "$made/dist" --emptyOutDir >&2
	if ! diff -rq "$made/dist" web/dist >&2; then
		say "web: web/dist is not what web/src makes: run \`make web\`, and commit web/dist"
		exit 1
	fi
	say "web: checked; web/dist is what the sources make, $(find web/dist -type f -exec gzip -9c {} + | wc -c) bytes compressed"
	;;
*) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
