#!/usr/bin/env bash
# engine.sh up       makes this machine a Docker Swarm of one node: installs Docker where it is missing (Debian and what
#                    descends from it), starts it where none answers, and makes a Swarm of it where it is in none
# engine.sh down     ends the engine that `up` started itself, and no other
# engine.sh status   says what there is
#
# It needs root for all that, and asks by sudo where it is not. An engine that runs is used as it is. From the environment:
#   ENGINE_SOCK        socket of the engine (/var/run/docker.sock)
#   ENGINE_STATE       directory for the data, log and process id of an engine started here (/var/lib/faas-engine)
#   ENGINE_ADVERTISE   address of this machine for other nodes of the Swarm (127.0.0.1: there are none)
#   ENGINE_PORT        port of the Swarm's managers (2377)
# Both directories of your own keep a test away from an engine of yours; two engines that are in Swarms also need a
# network namespace each (e2e/lab/swarm-lab.sh makes such).
set -euo pipefail
. "$(dirname "$0")/lib.sh"

sock=${ENGINE_SOCK:-/var/run/docker.sock}
state=${ENGINE_STATE:-/var/lib/faas-engine}
advertise=${ENGINE_ADVERTISE:-127.0.0.1}
port=${ENGINE_PORT:-2377}

fail() {
	say "engine: $1"
	shift
	[ $# -eq 0 ] || printf '  %s\n' "$@" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		fail "this needs root, and there is no sudo" "su -c '$0 up'"
	fi
}

engine() { as_root docker -H "unix://$sock" "$@"; }
answers() { engine version >/dev/null 2>&1; }

# await WHAT SECONDS COMMAND...
await() {
	local what=$1 limit=$(($2 * 5)) i
	shift 2
	for ((i = 0; i < limit; i++)); do
		! "$@" || return 0
		sleep 0.2
	done
	fail "$what: not in $((limit / 5)) s" "$(as_root tail -n 5 "$state/log" 2>/dev/null || true)"
}

install_docker() {
	command -v apt-get >/dev/null ||
		fail "there is no Docker, and this is no Debian machine" "Install Docker Engine 20.10 or newer, then: docker swarm init"
	say "installing docker.io, which takes a minute"
	local packages=(docker.io iptables iproute2 ca-certificates) log
	log=$(mktemp)
	as_root apt-get update -q >"$log" 2>&1 || fail "apt-get update failed" "$(tail -n 5 "$log")"
	# Debian 13 has the client in a package of its own.
	if [ -n "$(apt-cache search --names-only '^docker-cli$')" ]; then packages+=(docker-cli); fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}" >"$log" 2>&1 ||
		fail "the installation failed" "$(tail -n 5 "$log")"
	rm -f "$log"
}

# managed: systemd runs Docker here, and the socket is its own.
managed() { [ -d /run/systemd/system ] && [ "$sock" = /var/run/docker.sock ] && [ -z "${ENGINE_STATE:-}" ]; }

start() {
	if managed; then
		as_root systemctl enable --now docker
		await "start Docker by systemd" 60 answers
		return
	fi
	if ours >/dev/null; then
		await "wait for the dockerd that runs already" 60 answers
		return
	fi
	as_root mkdir -p "$state"
	as_root rm -f "$state/pid"
	say "starting dockerd; its data and its log are in $state"
	# Started again when it crashes, a few times, as systemd would: one of 20.10 may when a service is removed.
	local keep='echo $$ >"$STATE/keeper"
	for i in 1 2 3 4 5; do
		! dockerd --data-root "$STATE/data" --exec-root "$STATE/exec" --pidfile "$STATE/pid" -H "unix://$SOCK" || exit 0
		rm -f "$STATE/pid"
		sleep 1
	done'
	as_root env STATE="$state" SOCK="$sock" bash -c 'setsid bash -c "$1" >"$STATE/log" 2>&1 </dev/null &' start "$keep"
	await "start dockerd" 60 answers
}

up() {
	local listen=0.0.0.0
	[ "$advertise" != 127.0.0.1 ] || listen=127.0.0.1
	if ! command -v docker >/dev/null || { ! answers && ! command -v dockerd >/dev/null; }; then install_docker; fi
	answers || start
	if [ "$(engine info -f '{{.Swarm.LocalNodeState}}')" = inactive ]; then
		# Networks of 4,094 addresses in place of 254: each replica of each function has one.
		engine swarm init --advertise-addr "$advertise:$port" --listen-addr "$listen:$port" \
			--default-addr-pool 10.0.0.0/8 --default-addr-pool-mask-length 20 >/dev/null
		say "this machine is a Swarm of one node now"
	fi
	status
	[ -w "$sock" ] || say "to use it without root: sudo usermod -aG docker $(id -un) && newgrp docker"
}

# ours prints the process id of the engine that was started here, if it runs.
ours() {
	local pid
	pid=$(as_root cat "$state/pid" 2>/dev/null) && as_root grep -qa -- "$state/data" "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

down() {
	local pid
	# Who would start it again goes first.
	if pid=$(as_root cat "$state/keeper" 2>/dev/null) && as_root grep -qa 'dockerd --data-root' "/proc/$pid/cmdline" 2>/dev/null; then
		as_root kill "$pid"
	fi
	as_root rm -f "$state/keeper"
	if ! pid=$(ours); then
		! managed || ! answers || say "systemd runs this engine: sudo systemctl stop docker.socket docker"
		say "no engine runs that was started here"
		return 0
	fi
	as_root kill "$pid"
	await "end dockerd" 60 bash -c "! kill -0 $pid 2>/dev/null && [ ! -e /proc/$pid ]"
	say "ended; $state has its data"
}

status() {
	answers || fail "no engine answers at $sock" "make engine    starts one"
	engine info -f 'Docker Engine {{.ServerVersion}} at '"$sock"', Swarm {{.Swarm.LocalNodeState}}{{if .Swarm.ControlAvailable}}, a manager, {{.Swarm.Nodes}} node(s){{end}}'
}

case ${1:-} in
up) up ;;
down) down ;;
status) status ;;
*) sed -n '2,14s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
