# Shared by the scripts in tools/. Source it; it changes to the root of the project.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/versions.env
. tools/versions.env

say() { printf '%s\n' "$*" >&2; }

# at_least VERSION MINIMUM compares MAJOR.MINOR, numerically.
at_least() {
	awk -v have="$1" -v want="$2" 'BEGIN {
		split(have, h, "."); split(want, w, ".")
		exit !(h[1]+0 > w[1]+0 || (h[1]+0 == w[1]+0 && h[2]+0 >= w[2]+0))
	}'
}

# install_packages PACKAGE...: Debian's packages of these names, without those they only recommend.
install_packages() {
	local as_root=() log status=0
	if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
	log=$(mktemp)
	"${as_root[@]}" apt-get update -q >"$log" 2>&1 &&
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >>"$log" 2>&1 || status=1
	[ "$status" -eq 0 ] || { say "the installation of $* failed:"; tail -n 5 "$log" >&2; }
	rm -f "$log"
	return "$status"
}

# samples prints the names of the sample functions: each has a Dockerfile.
samples() {
	local file
	for file in functions/*/Dockerfile; do
		file=${file%/Dockerfile} && echo "${file##*/}"
	done
}

# variable NAME WHAT prints the environment variable that docker-compose.yml reads about an image or a function, such
# as FAAS_HELLO_GO_IMAGE.
variable() { local name=${1^^} && echo "FAAS_${name//-/_}_$2"; }

# pinned NAME prints the image faas/NAME of this engine as a service is to name it: by digest where a registry has it,
# and by ID where not. By name, Swarm would ask a registry for it before each start.
pinned() { docker image inspect -f '{{if .RepoDigests}}{{index .RepoDigests 0}}{{else}}{{.Id}}{{end}}' "faas/$1" 2>/dev/null; }
