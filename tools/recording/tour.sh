#!/usr/bin/env bash
# tour.sh is what the recording in the README shows. It runs in a terminal of 100 columns, beside a `faas up` that has
# just been started; recording.sh records it.
set -euo pipefail

# typed COMMAND: shows it as somebody types it, and runs it.
typed() {
	printf '\033[1;32m$\033[0m '
	local i
	for ((i = 0; i < ${#1}; i++)); do
		printf '%s' "${1:i:1}"
		sleep 0.025
	done
	sleep 0.3
	echo
	eval "$1"
	sleep 0.8
}

stty tab3 # else spaces are drawn as tabs, which the drawing places elsewhere
url=http://127.0.0.1:8080/function
sleep 0.5
typed "curl -d 'hello' $url/echoit"
echo
typed "hey -z 22s -c 10 -q 5 $url/echoit >load.txt &"
timeout --foreground 9 bash -c 'printf "\033[1;32m$\033[0m faas top echoit --sort rps\n"; sleep 0.3; exec faas top echoit --sort rps' || true
tput cnorm
typed "faas scale explain echoit | head -8"
typed "faas scale set echoit --target 10"
sleep 3
typed "faas list"
typed "wait; grep responses load.txt"
sleep 2
