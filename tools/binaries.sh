#!/usr/bin/env bash
# binaries.sh [NAME...] puts prometheus, promtool, alertmanager, amtool and hey (all of them by default) into bin/.
#
# In this order: the pinned build that stands there already; a link to one on PATH that is new enough;
# a build of the pinned version. A build says by itself which version it is (go version -m), so there
# is no stamp that could lie. TOOLS=pinned leaves PATH out of it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

prometheus_tags=netgo,remove_all_sd,enable_dns_sd,enable_moby_sd # file_sd and http_sd are always in

# pinned NAME MODULE VERSION TAGS: bin/NAME is that build.
pinned() {
	[ -f "bin/$1" ] && [ ! -L "bin/$1" ] || return 1
	go version -m "bin/$1" 2>/dev/null | awk -F'\t' -v mod="$2" -v version="$3" -v tags="-tags=$4" '
		$2 == "mod" && $3 == mod && $4 == version { right = 1 }
		$2 == "build" && $3 == tags { tagged = 1 }
		END { exit !(right && (tagged || tags == "-tags=")) }'
}

# from_path NAME MINIMUM [OTHER-NAME...]: link bin/NAME to one on PATH that is new enough.
from_path() {
	local name=$1 minimum=$2 candidate path version
	[ "${TOOLS:-}" != pinned ] || return 1
	for candidate in "$name" "${@:3}"; do
		path=$(PATH=$search_path command -v "$candidate") || continue
		if [ -n "$minimum" ]; then
			version=$("$path" --version 2>&1 | sed -n '1s/.*version \([0-9][0-9.]*\).*/\1/p')
			if ! at_least "${version:-0}" "$minimum"; then
				say "$path is ${version:-of no known version}, older than $minimum: not used"
				continue
			fi
		fi
		[ "$(readlink "bin/$name" 2>/dev/null)" = "$path" ] || say "bin/$name -> $path ${version:-}"
		ln -sf "$path" "bin/$name"
		return 0
	done
	return 1
}

# provide LABEL MODULE VERSION TAGS MINIMUM LDFLAGS WHY NAME=PACKAGE[=OTHER-NAME]...
# makes sure of the binaries of one module and builds those that are missing together.
provide() {
	local label=$1 module=$2 version=$3 tags=$4 minimum=$5 ldflags=$6 why=$7 spec name rest other missing=()
	shift 7
	for spec; do
		name=${spec%%=*}
		wanted "$name" && ! pinned "$name" "$module" "$version" "$tags" && missing+=("$spec")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	local packages=() begin=$SECONDS
	for spec in "${missing[@]}"; do
		IFS='=' read -r name rest other <<<"$spec"
		from_path "$name" "$minimum" ${other:+"$other"} && continue
		packages+=("$module$rest@$version")
		rm -f "bin/$name"
	done
	[ ${#packages[@]} -gt 0 ] || return 0
	say "building $label $version from its Go module: $why"
	CGO_ENABLED=0 GOBIN=$PWD/bin go install -trimpath ${tags:+-tags "$tags"} \
		-ldflags "-s -w $ldflags" "${packages[@]}"
	say "built $label in $((SECONDS - begin)) s"
}

names=("$@")
wanted() {
	[ ${#names[@]} -gt 0 ] || return 0
	local n
	for n in "${names[@]}"; do [ "$n" != "$1" ] || return 0; done
	return 1
}

mkdir -p bin
# What stands in bin/ is judged by pinned, never found by way of PATH.
search_path=$(printf '%s' "$PATH" | tr ':' '\n' | grep -vxF "$PWD/bin" | paste -sd: -)

provide prometheus github.com/prometheus/prometheus "$PROMETHEUS_PIN" "$prometheus_tags" "$PROMETHEUS_MIN" \
	"-X github.com/prometheus/common/version.Version=$PROMETHEUS_RELEASE" \
	"it evaluates the scaling rules and none on PATH is $PROMETHEUS_MIN or newer (once; 3 to 4 minutes on 2 cores)" \
	prometheus=/cmd/prometheus promtool=/cmd/promtool
provide alertmanager github.com/prometheus/alertmanager "$ALERTMANAGER_PIN" netgo "$ALERTMANAGER_MIN" \
	"-X github.com/prometheus/common/version.Version=$ALERTMANAGER_RELEASE" \
	"it delivers the scaling alerts and none on PATH is $ALERTMANAGER_MIN or newer (once; about 1 minute on 2 cores)" \
	alertmanager=/cmd/alertmanager=prometheus-alertmanager amtool=/cmd/amtool
provide hey github.com/rakyll/hey "$HEY_PIN" '' '' '' \
	"it makes the load of the demonstration (once; a few seconds)" \
	hey=
