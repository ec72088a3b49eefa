#!/usr/bin/env bash
# swarm-lab.sh: a Docker Swarm of several nodes on one machine, for tests.
#
#   up N             start N nodes, joined into one swarm; go on where some run already
#   down             end all nodes and remove what they left
#   status           show the nodes
#   cut NODE         take the node off the network; it lives on, isolated
#   heal NODE        put it back
#   kill NODE        end the node at once with all that runs on it, as a power cut does
#   stop NODE        end the node's engine with SIGTERM
#   start NODE       start the node's engine again
#   load IMAGES.tar  load images on all nodes
#   docker NODE ...  the docker command on the node
#   run NODE ...     any command in the node's network
#
# A node is a dockerd in a network namespace and a mount namespace of its own. The switch between them is a
# bridge in one more namespace, so that the machine's own network has nothing added to it but, with HOSTIP, one
# interface with that address, by which programs outside of the nodes reach them.
# Node n has address NET.n and serves its API at unix://LAB/n/docker.sock; the first MANAGERS are managers.
#
# It needs root, Linux, iproute2, util-linux (nsenter, unshare), docker and dockerd. From the environment:
#   LAB           directory for everything, removed by down (/tmp/faas-lab)
#   NAME          what the names of namespaces and interfaces begin with, at most 10 letters (faaslab)
#   NET, HOSTIP   the first three parts of the nodes' addresses (10.214.77); the machine's own address there (none)
#   MANAGERS      how many of the nodes are managers (1)
#   DATA_POOL     where overlay networks get their addresses from, to be off every route of the machine (172.30.0.0/16)
#   INIT_ARGS     more arguments for `docker swarm init`, DOCKERD_ARGS for dockerd
set -euo pipefail

LAB=${LAB:-${TMPDIR:-/tmp}/faas-lab}
NAME=${NAME:-faaslab}
NET=${NET:-10.214.77}
HOSTIP=${HOSTIP:-}
MANAGERS=${MANAGERS:-1}
DATA_POOL=${DATA_POOL:-172.30.0.0/16}
SWITCH=${NAME}sw
HOSTLINK=${NAME}host

die() {
	echo "swarm-lab: $*" >&2
	exit 1
}

engine() { # NODE DOCKER-ARGUMENTS...
	local n=$1
	shift
	docker -H "unix://$LAB/$n/docker.sock" "$@"
}

nodes() {
	[ -d "$LAB" ] || return 0
	find "$LAB" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | grep -E '^[0-9]+$' | sort -n || true
}

each() { # COMMAND...: with each node's number at the end, all at the same time
	local n pids=() failed=0
	for n in $(nodes); do
		"$@" "$n" &
		pids+=($!)
	done
	for n in "${pids[@]}"; do wait "$n" || failed=1; done
	return $failed
}

# within NODE COMMAND...: in its network, with the machine's mounts (`ip netns exec` would hide /sys/fs/cgroup).
within() {
	local n=$1
	shift
	nsenter --net="/run/netns/$NAME$n" "$@"
}

switch_up() {
	if ip netns add "$SWITCH" 2>/dev/null; then
		ip -n "$SWITCH" link set lo up
		ip -n "$SWITCH" link add br0 type bridge
		ip -n "$SWITCH" link set br0 up
	fi
	if [ -n "$HOSTIP" ] && ! ip link show "$HOSTLINK" >/dev/null 2>&1; then
		ip link add "$HOSTLINK" type veth peer name host netns "$SWITCH"
		ip -n "$SWITCH" link set host master br0 up
		ip addr add "$HOSTIP/24" dev "$HOSTLINK"
		ip link set "$HOSTLINK" up
	fi
}

net_up() { # NODE
	ip netns add "$NAME$1" 2>/dev/null || return 0
	ip link add "$NAME$1" netns "$SWITCH" type veth peer name eth0 netns "$NAME$1"
	ip -n "$SWITCH" link set "$NAME$1" master br0 up
	ip -n "$NAME$1" link set lo up
	ip -n "$NAME$1" addr add "$NET.$1/24" dev eth0
	ip -n "$NAME$1" link set eth0 up
	within "$1" sysctl -qw net.ipv4.ip_forward=1
}

pid_of() { # NODE: the pid of its dockerd, where that runs
	local pid
	pid=$(cat "$LAB/$1/pid" 2>/dev/null) || return 1
	grep -qa "$LAB/$1/data" "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

# start_engine NODE: a mount namespace of its own gives dockerd its own /etc/docker (the engine's identity) and
# /run with /var/run/docker.sock, which containers mount, and keeps its mounts to itself; a UTS namespace gives it a
# host name.
start_engine() {
	local n=$1 dir=$LAB/$1
	mkdir -p "$dir/data" "$dir/exec" "$dir/etc"
	if pid_of "$n" >/dev/null; then return 0; fi
	rm -f "$dir/pid" "$dir/docker.sock"
	# shellcheck disable=SC2016,SC2086 # the inner shell expands; DOCKERD_ARGS are several
	setsid nsenter --net="/run/netns/$NAME$n" unshare --mount --uts --propagation private bash -c '
		name=$1 dir=$2
		shift 2
		hostname "$name"
		mkdir -p /etc/docker
		mount --bind "$dir/etc" /etc/docker
		mount -t tmpfs -o mode=755 run /run
		exec dockerd "$@"' dockerd "$NAME$n" "$dir" \
		--data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" \
		-H "unix://$dir/docker.sock" -H unix:///run/docker.sock \
		--cgroup-parent "/$NAME$n" --storage-driver overlay2 ${DOCKERD_ARGS:-} >>"$dir/log" 2>&1 </dev/null &
	for _ in $(seq 450); do # a manager answers once it has found the others
		if engine "$n" version >/dev/null 2>&1; then return 0; fi
		sleep .1
	done
	tail -n 5 "$dir/log" >&2
	die "node $n: dockerd did not answer in 45 s, see $dir/log"
}

stop_engine() { # SIGNAL NODE
	local pid
	pid=$(pid_of "$2") || return 0
	kill "-$1" "$pid" 2>/dev/null || return 0
	for _ in $(seq 200); do
		kill -0 "$pid" 2>/dev/null || return 0
		sleep .1
	done
	kill -KILL "$pid" 2>/dev/null || true
}

# reap NODE ends what a killed dockerd left: its containerd and shims, which name the node's directory, and the
# containers' processes, which are in the node's cgroup.
reap() {
	local n=$1 pid
	{ # processes and groups may go while they are looked at; the brackets keep grep from finding itself
		grep -lzs "$LAB/$n/[e]xec" /proc/[0-9]*/cmdline | cut -d / -f 3 || true
		find /sys/fs/cgroup -path "*/$NAME$n/*" -name cgroup.procs -exec cat {} + 2>/dev/null || true
	} | while read -r pid; do kill -KILL "$pid" 2>/dev/null || true; done
}

kill_node() { # NODE
	stop_engine KILL "$1"
	reap "$1"
}

load_images() { engine "$2" load -qi "$1"; } # TAR NODE

join() { # NODE
	local role=worker
	if [ "$(engine "$1" info -f '{{.Swarm.LocalNodeState}}')" = active ]; then return 0; fi
	if [ "$1" -le "$MANAGERS" ]; then role=manager; fi
	engine "$1" swarm join --advertise-addr "$NET.$1" --listen-addr "$NET.$1:2377" \
		--token "$(engine 1 swarm join-token -q $role)" "$NET.1:2377" >/dev/null || die "node $1 did not join"
}

up() { # N
	local n
	switch_up
	for n in $(seq "$1"); do
		mkdir -p "$LAB/$n"
		net_up "$n"
	done
	each start_engine
	if [ "$(engine 1 info -f '{{.Swarm.LocalNodeState}}')" != active ]; then
		# shellcheck disable=SC2086 # INIT_ARGS are several
		engine 1 swarm init --advertise-addr "$NET.1" --listen-addr "$NET.1:2377" \
			--default-addr-pool "$DATA_POOL" --default-addr-pool-mask-length 24 ${INIT_ARGS:-} >/dev/null
	fi
	for n in $(seq 2 "$1"); do join "$n"; done
	for _ in $(seq 100); do
		if [ "$(engine 1 node ls --format '{{.Status}}' | grep -c Ready)" = "$1" ]; then break; fi
		sleep .1
	done
	engine 1 node ls
}

down() {
	local n mount
	each kill_node || true # nothing of it is kept, and a manager's SIGTERM takes many seconds
	# The engines' own mounts went with their mount namespaces.
	awk -v lab="$LAB/" 'index($2, lab) == 1 { print $2 }' /proc/mounts | sort -r |
		while read -r mount; do umount -l "$mount"; done
	ip link del "$HOSTLINK" 2>/dev/null || true
	for n in $(nodes); do
		ip netns del "$NAME$n" 2>/dev/null || true
		find /sys/fs/cgroup -depth -type d -path "*/$NAME$n*" -exec rmdir {} \; 2>/dev/null || true
	done
	ip netns del "$SWITCH" 2>/dev/null || true
	rm -rf "$LAB"
}

show() {
	local n
	for n in $(nodes); do
		printf 'node %s: pid %s, %s\n' "$n" "$(pid_of "$n" || echo -)" \
			"$(engine "$n" info -f '{{.Swarm.LocalNodeState}} {{.Swarm.NodeAddr}}, {{.ContainersRunning}} containers' 2>&1)"
	done
	engine 1 node ls
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
up) up "${1:?how many nodes}" ;;
down) down ;;
status) show ;;
cut) ip -n "$SWITCH" link set "$NAME${1:?node}" down ;;
heal) ip -n "$SWITCH" link set "$NAME${1:?node}" up ;;
kill) kill_node "${1:?node}" ;;
stop) stop_engine TERM "${1:?node}" ;;
start) start_engine "${1:?node}" ;;
load) each load_images "${1:?images}" ;;
docker) engine "$@" ;;
run) within "$@" ;;
help | -h | --help) awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$0" ;;
*) die "no command $command; see $0 help" ;;
esac
