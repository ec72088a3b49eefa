#!/usr/bin/env bash
# mosquitto.sh installs Mosquitto, an MQTT broker, for the tests of the sample function changecolor, where there is none (Debian and
# what descends from it). It does not start it: the tests run their own.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

PATH=$PATH:/usr/sbin # not on everyone's
! command -v mosquitto >/dev/null || exit 0
if ! command -v apt-get >/dev/null; then
	say "mosquitto: there is none, and this is no Debian machine: install Mosquitto (https://mosquitto.org), then try again"
	exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
say "installing mosquitto"
policy=/usr/sbin/policy-rc.d # 101 from it keeps a package from starting its service
trap '[ -z "${made:-}" ] || "${as_root[@]}" rm -f "$policy"' EXIT
if [ ! -e "$policy" ]; then
	made=yes
	printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
	"${as_root[@]}" chmod 755 "$policy"
fi
install_packages mosquitto
