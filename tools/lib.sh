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
