#!/bin/sh
# Says where it runs; more when the body is "verbose". It is sure of a POSIX shell only: what a system does not have is
# left out, or "unknown".

cpus() { nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo unknown; }

uptime_of_node() {
	if [ -r /proc/uptime ]; then
		read -r seconds _ </proc/uptime
		seconds=${seconds%.*}
		echo "$((seconds / 86400)) d $((seconds / 3600 % 24)) h $((seconds / 60 % 60)) min"
	else
		uptime 2>/dev/null | sed 's/.*up *//; s/, *[0-9]* user.*//'
	fi
}

echo "node:     $(uname -n)"
echo "system:   $(uname -s) $(uname -r) $(uname -m)"
echo "cpus:     $(cpus)"
echo "uptime:   $(uptime_of_node)"
echo "replica:  ${FAAS_REPLICA:-unknown}"
echo "request:  ${Http_Method:-?} ${Http_Path:-/}${Http_Query:+?$Http_Query}"
echo "time:     $(date -u +%Y-%m-%dT%H:%M:%SZ)"

[ "$(head -c 64)" = verbose ] || exit 0

if [ -r /proc/loadavg ]; then
	read -r one five fifteen rest </proc/loadavg
	echo "load:     $one $five $fifteen"
	awk '/^MemTotal:/ { all = $2 } /^MemAvailable:/ { free = $2 }
		END { printf "memory:   %d MiB, of which %d are available\n", all / 1024, free / 1024 }' /proc/meminfo
	sed -n 's/^model name[^:]*: */cpu:      /p' /proc/cpuinfo | head -n 1
else
	echo "load:     $(uptime | sed 's/.*averages*: *//; s/,//g')"
	echo "memory:   $(($(sysctl -n hw.memsize 2>/dev/null || echo 0) / 1048576)) MiB"
fi
echo "user:     $(id -u):$(id -g) in $(pwd)"
# The names only: a value may be a secret. A value of several lines may look like a variable, so awk is asked.
echo "env:      $(awk 'BEGIN { for (name in ENVIRON) print name }' | sort | paste -sd' ' -)"
