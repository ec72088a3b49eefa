#!/usr/bin/env bash
# mosquitto.sh installs Mosquitto, an MQTT broker, for the tests of the sample function changecolor, where there is none (Debian and
# what descends from it). It does not start it: the tests run their own. Elsewhere it says what to do, and those tests are skipped.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

PATH=$PATH:/usr/sbin # not on everyone's
! command -v mosquitto >/dev/null || exit 0
if ! command -v apt-get >/dev/null; then
	say "mosquitto: there is none, and this is no Debian machine: install Mosquitto (https://mosquitto.org) for the tests of changecolor"
	[ "${CI:-}" != true ] || exit 1
	exit 0
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
say "installing mosquitto"
log=$(mktemp)
policy=/usr/sbin/policy-rc.d # 101 from it keeps a package from starting its service
trap 'rm -f "$log"; [ -z "${made:-}" ] || "${as_root[@]}" rm -f "$policy"' EXIT
if [ ! -e "$policy" ]; then
	made=yes
	printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
	"${as_root[@]}" chmod 755 "$policy"
fi
if "${as_root[@]}" apt-get update -q >"$log" 2>&1 &&
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends mosquitto >>"$log" 2>&1; then
	exit 0
fi
say "mosquitto: the installation failed:"
tail -n 5 "$log" >&2
exit 1
