#!/usr/bin/env bash
# images.sh [NAME...] builds the project's container images, all of them by default: faas/gateway, faas/watchdog,
# the sample functions, and Prometheus and Alertmanager for machines that no registry answers.
# images.sh --save FILE.tar [NAME...] builds them and writes them to a file that `docker load` reads on another node.
# images.sh --exports builds nothing and prints the variables with which docker-compose.yml takes these images.
#
# A sample function is a folder of functions/ with a Dockerfile, which is built with the files that it copies and on the
# image that it names as BASE.
#
# They hold the programs of bin/ (make build, tools/binaries.sh), FROM scratch. An image carries the checksum of
# all that went into it as a label, so that nothing is built again that would come out the same.
# What samples stand on is pulled, and where no registry answers made of Debian's packages: busybox:1.37 or faas/base,
# python:3.13-slim or faas/base-python, node:22-slim or faas/base-node. FAAS_BASE_IMAGE, FAAS_PYTHON_BASE_IMAGE and
# FAAS_NODE_BASE_IMAGE name others.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

mapfile -t samples < <(samples)
everything=(gateway watchdog "${samples[@]}" prometheus alertmanager)
inputs_label=com.faas.inputs
# "faas VERSION (commit COMMIT, ..." as make build made it: the images are called as what is in them.
read -r _ version _ commit _ <<<"$(bin/faas version 2>/dev/null || echo 'faas dev (commit unknown, )')"
commit=${commit%,}

if [ "${1:-}" = --exports ]; then
	for name in gateway "${samples[@]}" prometheus alertmanager; do
		image=$(pinned "$name") || { say "images: this engine has no image faas/$name: \`make images\` builds it"; exit 1; }
		echo "export $(variable "$name" IMAGE)=$image"
	done
	exit
fi
docker version >/dev/null 2>&1 || {
	say "images: no Docker Engine answers: $(docker version 2>&1 | tail -n 1)"
	say "  \`make engine\` starts one on a Debian machine"
	exit 1
}
# Without buildx the client can only ask for the engine's own builder.
docker buildx version >/dev/null 2>&1 || export DOCKER_BUILDKIT=0
# With it, the engine's own all the same: another builder does not see this engine's images, and would pull faas/watchdog
# and faas/base, which are not ours on a public registry.
BUILDX_BUILDER=$(docker context inspect -f '{{.Name}}' 2>/dev/null || echo default)
export BUILDX_BUILDER

image_id() { docker image inspect -f '{{.Id}}' "$1" 2>/dev/null; }

# build NAME VERSION DOCKERFILE FILE... [--build-arg NAME=IMAGE]...: faas/NAME, unless it is there from the same inputs.
build() {
	local name=$1 version=$2 dockerfile=$3 files=() options=() inputs begin=$SECONDS log
	shift 3
	while [ $# -gt 0 ]; do
		case $1 in
		--build-arg) options+=(--build-arg "${2%%=*}=${2#*=}") inputs+="$2 $(image_id "${2#*=}" || true) " && shift 2 ;;
		*) files+=("$1") && shift ;;
		esac
	done
	inputs=$(
		{
			echo "$version $commit ${inputs:-}"
			find "$dockerfile" ${files[@]+"${files[@]}"} -type f -print0 | sort -z | xargs -0 sha256sum
		} | sha256sum | cut -c -16
	)
	if [ "$(docker image inspect -f "{{index .Config.Labels \"$inputs_label\"}}" "faas/$name" 2>/dev/null)" = "$inputs" ]; then
		say "faas/$name $version is up to date"
		return 0
	fi
	# One time for all files, so that the same files make the same layers.
	if ! log=$(tar -c --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 "$dockerfile" ${files[@]+"${files[@]}"} |
		docker build -f "$dockerfile" -t "faas/$name:latest" -t "faas/$name:$version" ${options[@]+"${options[@]}"} \
			--label "org.opencontainers.image.version=$version" \
			--label "org.opencontainers.image.revision=$commit" \
			--label "$inputs_label=$inputs" - 2>&1); then
		say "$log"
		say "images: faas/$name could not be built"
		return 1
	fi
	say "faas/$name $version built in $((SECONDS - begin)) s"
}

# base WANTED sets base to the image that stands for WANTED, the BASE of a sample's Dockerfile: what the environment names,
# what was made here before, WANTED itself where it can be pulled, or one that is made of Debian's packages.
base() {
	local wanted=$1 chosen made=base variable=FAAS_BASE_IMAGE packages=()
	case $wanted in
	python:*) made=base-python variable=FAAS_PYTHON_BASE_IMAGE packages=(python3-minimal) ;;
	node:*) made=base-node variable=FAAS_NODE_BASE_IMAGE packages=(nodejs) ;;
	esac
	chosen=${!variable:-}
	if [ -n "$chosen" ]; then
		base=$chosen
	elif image_id "faas/$made" >/dev/null; then
		base=faas/$made:latest
	elif image_id "$wanted" >/dev/null || timeout 120 docker pull -q "$wanted" >/dev/null 2>&1; then
		base=$wanted
	elif command -v apt-get >/dev/null && command -v dpkg >/dev/null; then
		make_base "$wanted" "$made" ${packages[@]+"${packages[@]}"}
		base=faas/$made:latest
	else
		say "images: $wanted cannot be pulled and this is no Debian machine."
		say "  Set $variable to an image that this engine has: the head of the sample's Dockerfile says what must be in it."
		return 1
	fi
}

# make_base WANTED NAME [PACKAGE...]: faas/NAME, in place of WANTED.
make_base() {
	local archive=tools/cache/$2.tar
	say "$1 cannot be pulled: making faas/$2 of Debian's packages (busybox-static ${*:3})"
	mkdir -p tools/cache
	if [ ! -f "$archive" ] && ! tools/images/rootfs.sh "$archive" "${@:3}" >&2; then
		say "images: $archive could not be made"
		return 1
	fi
	build "$2" "$(debian_release)" tools/images/base/Dockerfile "$archive" --build-arg ARCHIVE="$archive"
}

debian_release() { (. /etc/os-release && echo "${VERSION_CODENAME:-debian}"); }

# need FILE...: the programs that make build puts into bin/.
need() {
	local file
	for file; do
		[ -x "$file" ] || { say "images: $file is missing: run \`make build\` first"; return 1; }
	done
}

base_of() { sed -n 's/^ARG BASE=//p' "functions/$1/Dockerfile"; } # NAME

# copied DOCKERFILE prints the files of this repository that it copies.
copied() { awk '$1 == "COPY" && $2 !~ /^--/ { for (i = 2; i < NF; i++) print $i }' "$1"; }

sample() { # NAME
	local dockerfile=functions/$1/Dockerfile files base
	mapfile -t files < <(copied "$dockerfile")
	for file in ${files[@]+"${files[@]}"}; do
		[[ $file != bin/* ]] || need "$file" || return
	done
	base "$(base_of "$1")" || return
	build "$1" "$version" "$dockerfile" ${files[@]+"${files[@]}"} --build-arg BASE="$base" --build-arg WATCHDOG=faas/watchdog:latest
}

# stock NAME TOOL RELEASE PIN: the makers' own image where it can be pulled and nothing was built here yet, since a build
# takes minutes; else, and always with TOOLS=pinned, one from the pinned module.
stock() {
	local name=$1 tool=$2 release=$3 pin=$4 theirs=prom/$1:v$3
	if [ "${TOOLS:-}" != pinned ] && { [ ! -f "bin/$name" ] || [ -L "bin/$name" ]; }; then
		if image_id "$theirs" >/dev/null || timeout 300 docker pull -q "$theirs" >/dev/null 2>&1; then
			docker tag "$theirs" "faas/$name:latest"
			docker tag "$theirs" "faas/$name:$release"
			say "faas/$name $release is $theirs"
			return 0
		fi
		say "$theirs cannot be pulled"
	fi
	TOOLS=pinned tools/binaries.sh "$name" "$tool" # those of PATH may want shared libraries
	commit=$pin build "$name" "$release" "tools/images/$name/Dockerfile" "bin/$name" "bin/$tool" tools/images/own
}

make_image() { # NAME
	case $1 in
	gateway) need bin/faas && build gateway "$version" tools/images/gateway/Dockerfile bin/faas tools/images/own ;;
	watchdog) need bin/fwatchdog && build watchdog "$version" tools/images/watchdog/Dockerfile bin/fwatchdog ;;
	prometheus) stock prometheus promtool "$PROMETHEUS_RELEASE" "$PROMETHEUS_PIN" ;;
	alertmanager) stock alertmanager amtool "$ALERTMANAGER_RELEASE" "$ALERTMANAGER_PIN" ;;
	*)
		if [ -f "functions/$1/Dockerfile" ]; then
			sample "$1"
		else
			say "images: there is no image $1, only ${everything[*]}"
			return 2
		fi
		;;
	esac
}

# at_once COMMAND... runs it beside others, of which there are four at most; all_done waits for them. The first that fails
# ends all.
running=0
at_once() {
	if [ "$running" -eq 4 ]; then
		wait -n || exit
		running=3
	fi
	"$@" &
	running=$((running + 1))
}
all_done() {
	for (( ; running > 0; running--)); do wait -n || exit; done
}

archive=
if [ "${1:-}" = --save ]; then
	archive=${2:?images: --save wants the name of a file}
	shift 2
fi
names=("$@")
[ ${#names[@]} -gt 0 ] || names=("${everything[@]}")
# Most of a build is waiting for the engine. First, at once, what samples stand on; then the rest, four at a time.
wanted=()
for name in "${names[@]}"; do
	[ ! -f "functions/$name/Dockerfile" ] || wanted+=("$(base_of "$name")")
done
if [ ${#wanted[@]} -gt 0 ]; then
	at_once make_image watchdog
	for one in $(printf '%s\n' "${wanted[@]}" | sort -u); do at_once base "$one"; done
	all_done
fi
for name in "${names[@]}"; do
	[ "$name" != watchdog ] || [ ${#wanted[@]} -eq 0 ] || continue
	at_once make_image "$name"
done
all_done
if [ -n "$archive" ]; then
	docker save -o "$archive" "${names[@]/#/faas/}"
	say "saved ${#names[@]} images to $archive"
fi
